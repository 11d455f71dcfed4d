//! A panic's text and place, kept for the report to the host.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Once;

use crate::{Error, ErrorClass};

thread_local! {
    /// Where the last panic of this thread happened.
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Remembers where a panic happened: the caught payload only has the message.
pub(super) fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let place = panic
                .location()
                .map(ToString::to_string)
                .unwrap_or_default();
            PANIC_PLACE.with(|cell| *cell.borrow_mut() = place);
            previous(panic);
        }));
    });
}

pub(super) fn panic_error(payload: &(dyn Any + Send)) -> Error {
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = PANIC_PLACE.with(|cell| cell.take());
    Error::new(ErrorClass::Panic, format!("the plugin panicked: {message}")).with_internal(place)
}
