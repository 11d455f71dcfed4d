//! The only user of notify: debounced, typed events about folders and files.
