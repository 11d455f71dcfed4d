//! What the door lets in, and what it says about the rest.
