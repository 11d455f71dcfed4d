//! `#[derive(ConfigSchema)]` for the configuration of a source plugin; use it through the feature
//! `derive` of `vocd-plugin`, which documents it.

mod attribute;
mod case;
mod schema;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives the JSON Schema of a configuration; see `vocd_plugin::config`.
#[proc_macro_derive(ConfigSchema, attributes(voc))]
pub fn derive_config_schema(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    schema::derive(&input)
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
