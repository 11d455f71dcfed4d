//! Headlines as text: their editor writes HTML.

/// Returns the text of a short piece of HTML: no tags, the common entities read, spaces joined.
pub(crate) fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        text.push_str(before);
        // A lone `<` is text: "spent < 5 minutes".
        let is_tag = tag[1..].starts_with(|first: char| first.is_alphabetic() || first == '/');
        rest = match tag.find('>').filter(|_| is_tag) {
            Some(end) => {
                text.push_str(if is_inline(&tag[1..end]) { "" } else { " " });
                &tag[end + 1..]
            }
            None => {
                text.push('<');
                &tag[1..]
            }
        };
    }
    text.push_str(rest);
    for (entity, letter) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        // Last, or `&amp;lt;` would become a tag.
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, letter);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Tells whether a tag, without its brackets, stands inside a line of text.
fn is_inline(tag: &str) -> bool {
    let tag = tag.trim_start_matches('/');
    let name = tag.split(|letter: char| !letter.is_alphanumeric()).next();
    matches!(
        name,
        Some("a" | "b" | "code" | "em" | "i" | "s" | "span" | "strong" | "sub" | "sup" | "u")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_text_stays() {
        for (html, expected) in [
            ("How likely?", "How likely?"),
            ("<p class=\"x\">How <b>likely</b>?</p>", "How likely?"),
            ("<p>How</p><p>likely?</p>", "How likely?"),
            ("spent < 5 or > 9", "spent < 5 or > 9"),
            ("a&nbsp;&amp;lt;b", "a &lt;b"),
            ("open <b", "open <b"),
            ("", ""),
        ] {
            assert_eq!(plain(html), expected);
        }
    }
}
