//! Names of groups, which are teams here.

use std::collections::HashMap;

use serde::Deserialize;
use vocd_plugin::{Error, Result};

use crate::api::{Api, fetch};
use crate::shape::{Id, nullable};

/// Most pages of a hundred groups that are read; beyond lies no desk but a fault.
const PAGES_MAX: usize = 100;

#[derive(Deserialize)]
struct Page {
    groups: Vec<Group>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Group {
    id: Id,
    name: String,
}

#[derive(Deserialize)]
struct Meta {
    has_more: bool,
    #[serde(deserialize_with = "nullable")]
    after_cursor: Option<String>,
}

/// The groups of the account, read when a name is first needed.
#[derive(Default)]
pub(crate) struct Groups {
    names: HashMap<String, String>,
    /// A group made since they were read makes them old; once a page is often enough.
    is_fresh: bool,
}

impl Groups {
    /// Says that a new page begins.
    pub(crate) fn age(&mut self) {
        self.is_fresh = false;
    }

    /// Reads the names if one of these groups is not known yet.
    pub(crate) fn learn<'a>(
        &mut self,
        api: &Api,
        ids: impl IntoIterator<Item = &'a Id>,
    ) -> Result<()> {
        let is_new = |id: &Id| !self.names.contains_key(id.as_str());
        if !self.is_fresh && ids.into_iter().any(is_new) {
            self.names = read(api)?;
            self.is_fresh = true;
        }
        Ok(())
    }

    /// Returns the name of a group; `None` for one that is gone for good.
    pub(crate) fn name(&self, id: Option<&Id>) -> Option<&str> {
        self.names.get(id?.as_str()).map(String::as_str)
    }
}

fn read(api: &Api) -> Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    let mut after = None::<String>;
    for _ in 0..PAGES_MAX {
        let request = api.get("/api/v2/groups").query("page[size]", "100");
        let request = match &after {
            None => request,
            Some(after) => request.query("page[after]", after),
        };
        let page: Page = fetch(request)?;
        names.extend(
            page.groups
                .into_iter()
                .map(|group| (group.id.as_str().to_owned(), group.name)),
        );
        match page.meta {
            Some(meta) if meta.has_more && meta.after_cursor != after => after = meta.after_cursor,
            Some(meta) if meta.has_more => {
                return Err(Error::schema_changed("the list of groups goes in circles"));
            }
            _ => return Ok(names),
        }
    }
    Err(Error::schema_changed(format!(
        "the list of groups has more than {PAGES_MAX} pages"
    )))
}
