//! From a Rust type to the members of its JSON Schema.
//!
//! A schema is a list of texts that the compiler joins into one constant: some are known here, those
//! of other types are their constants.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DataEnum, DeriveInput, Fields, FieldsNamed, GenericArgument, PathArguments, Type};
use syn::{Result, spanned::Spanned};

use crate::attribute::{Said, json_string};

/// Writes `vocd_plugin::config::ConfigType` and the constant `SCHEMA` for a type.
pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    if !input.generics.params.is_empty() {
        let text = "a configuration has no parameters";
        return Err(syn::Error::new(input.generics.span(), text));
    }
    let said = Said::read(&input.attrs)?;
    let mut parts = Parts::default();
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => parts.put_properties(fields, &said)?,
            other => return Err(syn::Error::new(other.span(), "name the fields")),
        },
        Data::Enum(data) => parts.put_words(data, &said)?,
        Data::Union(data) => {
            let text = "a union has no schema";
            return Err(syn::Error::new(data.union_token.span, text));
        }
    }
    parts.put_said(&said);
    let (name, parts) = (&input.ident, parts.tokens());
    Ok(quote! {
        impl ::vocd_plugin::config::ConfigType for #name {
            const MEMBERS: &'static str = {
                const PARTS: &[&str] = &[#(#parts),*];
                const BYTES: [u8; ::vocd_plugin::config::joined_len(PARTS)] =
                    ::vocd_plugin::config::join(PARTS);
                ::vocd_plugin::config::text(&BYTES)
            };
        }

        impl #name {
            /// The JSON Schema of this configuration, for `Meta::config_schema`.
            pub const SCHEMA: &'static str = {
                const PARTS: &[&str] = &[
                    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",",
                    <#name as ::vocd_plugin::config::ConfigType>::MEMBERS,
                    "}",
                ];
                const BYTES: [u8; ::vocd_plugin::config::joined_len(PARTS)] =
                    ::vocd_plugin::config::join(PARTS);
                ::vocd_plugin::config::text(&BYTES)
            };
        }
    })
}

/// The texts of a schema in their order, as constant expressions.
#[derive(Default)]
struct Parts {
    expressions: Vec<TokenStream>,
    /// What is known here and not yet among them.
    text: String,
}

impl Parts {
    fn put_text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn put_expression(&mut self, expression: TokenStream) {
        let text = std::mem::take(&mut self.text);
        self.expressions.push(quote!(#text));
        self.expressions.push(expression);
    }

    fn tokens(mut self) -> Vec<TokenStream> {
        let text = std::mem::take(&mut self.text);
        self.expressions.push(quote!(#text));
        self.expressions
    }

    fn put_said(&mut self, said: &Said) {
        if !said.about.is_empty() {
            self.put_text(&format!(",\"description\":{}", json_string(&said.about)));
        }
        for member in &said.members {
            self.put_text(&format!(",{member}"));
        }
    }

    fn put_properties(&mut self, fields: &FieldsNamed, said: &Said) -> Result<()> {
        self.put_text("\"type\":\"object\",\"properties\":{");
        let mut required = Vec::new();
        let mut n_properties = 0;
        for field in &fields.named {
            let field_said = Said::read(&field.attrs)?;
            if field_said.is_skipped {
                continue;
            }
            let ident = field.ident.as_ref().map(ToString::to_string);
            let ident = ident.unwrap_or_default();
            let own_name = said.case.field(ident.trim_start_matches("r#"));
            let name = json_string(&field_said.name.clone().unwrap_or(own_name));
            if n_properties > 0 {
                self.put_text(",");
            }
            n_properties += 1;
            self.put_text(&format!("{name}:{{"));
            let is_optional = self.put_type(&field.ty, &field_said)?;
            self.put_said(&field_said);
            self.put_text("}");
            if !is_optional && !field_said.has_default && !said.has_default {
                required.push(name);
            }
        }
        self.put_text(&format!("}},\"required\":[{}]", required.join(",")));
        self.put_text(&format!(",\"additionalProperties\":{}", !said.is_closed));
        Ok(())
    }

    fn put_words(&mut self, data: &DataEnum, said: &Said) -> Result<()> {
        let mut words = Vec::new();
        for variant in &data.variants {
            if !matches!(variant.fields, Fields::Unit) {
                let text = "only a choice of words has a schema; write this one by hand";
                return Err(syn::Error::new(variant.span(), text));
            }
            let own = Said::read(&variant.attrs)?;
            let name = own
                .name
                .unwrap_or_else(|| said.case.variant(&variant.ident.to_string()));
            words.push(json_string(&name));
        }
        self.put_text(&format!("\"enum\":[{}]", words.join(",")));
        Ok(())
    }

    /// Puts the members of a type's schema and returns whether it may be left out. Bounds that the
    /// property itself names take the place of the type's.
    fn put_type(&mut self, of: &Type, said: &Said) -> Result<bool> {
        match generic(of) {
            Some(("Option", inner)) => {
                self.put_type(inner[0], said)?;
                return Ok(true);
            }
            Some(("Vec", inner)) => {
                self.put_text("\"type\":\"array\",\"items\":{");
                self.put_type(inner[0], &Said::default())?;
                self.put_text("}");
            }
            Some(("BTreeMap" | "HashMap", inner)) if inner.len() == 2 => {
                self.put_text("\"type\":\"object\",\"additionalProperties\":{");
                self.put_type(inner[1], &Said::default())?;
                self.put_text("}");
            }
            _ => {
                let own = quote!(<#of as ::vocd_plugin::config::ConfigType>);
                self.put_expression(quote!(#own::MEMBERS));
                if !said.has_member("minimum") {
                    self.put_expression(quote!(#own::MINIMUM));
                }
                if !said.has_member("maximum") {
                    self.put_expression(quote!(#own::MAXIMUM));
                }
            }
        }
        Ok(false)
    }
}

/// Returns the name of a type with parameters, and those that are types.
fn generic(of: &Type) -> Option<(&'static str, Vec<&Type>)> {
    const KNOWN: [&str; 4] = ["Option", "Vec", "BTreeMap", "HashMap"];
    let Type::Path(path) = of else { return None };
    let last = path.path.segments.last()?;
    let name = KNOWN.into_iter().find(|known| last.ident == known)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    let types: Vec<&Type> = (arguments.args.iter())
        .filter_map(|argument| match argument {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        })
        .collect();
    (!types.is_empty()).then_some((name, types))
}
