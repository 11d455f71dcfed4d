//! Tests of whole drawings: their geometry and their documents.

mod geometry;
mod goal;
mod goldens;
mod insight;
