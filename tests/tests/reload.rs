//! A plugin's file changes while the real daemon runs: what is good is taken over, what is bad is
//! told, and no row is lost or counted twice.

mod reload {
    mod replaced;
    mod stage;
    mod under_load;
}
