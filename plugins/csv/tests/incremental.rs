//! Reading again: only what is new, every change seen, nothing counted twice.

mod incremental {
    mod changed;
    mod stage;
    mod stopped;
}
