//! The plugin `formbricks` against a vendor that remembers: what the vendor lets one see is stored,
//! each version once, whatever goes wrong on the way.

mod source_formbricks {
    mod daemon;
    mod faults;
    mod reads;
    mod specification;
    mod stage;
}
