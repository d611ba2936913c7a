//! The wire between what shows a run and the engine that runs it: requests and replies as bytes.
//!
//! An engine is one protocol with its simulator, recording, scene and player. It is a WebAssembly module of its own, so
//! that a visit fetches only what it shows, and a fault of it leaves the page standing. [`Host`] is the engine's end:
//! bytes in, bytes out, no clock and no page. [`Remote`] is the other end, over any [`Carrier`]: the page's own thread,
//! Node, or a test.
//!
//! What is asked for stands in [`Request`], one for each change of what is in view and not one for each fact: a reply
//! says all that is shown of a moment. Both ends belong to one build; [`VERSION`] tells when they do not.

mod circle;
mod host;
mod manifest;
mod plain;
mod remote;
mod reply;
mod request;

#[cfg(test)]
mod tests;

pub use circle::CircleUpdate;
pub use host::Host;
pub use manifest::{Card, Manifest, ProtocolCard, Words};
pub use remote::{Carrier, Fault, Remote};
pub use reply::{Facts, Opened, Panels, Rebuilt, Refused, Saved, State, Told, Why, Wrong, WrongSetting};
pub use request::{Export, PanelsWanted, Request, Source};

/// The form of requests and replies; it rises with every change of either.
pub const VERSION: u8 = 1;

/// The longest request, in bytes: the longest file with some room around it.
pub const REQUEST_BYTES_MAX: usize = crate::scene::FILE_BYTES_READ + 1_024;

/// Writes a request.
pub fn encode(request: &Request) -> Vec<u8> {
    // Writing into a vector fails only for what has no form, and every request has one.
    postcard::to_extend(&(VERSION, request), Vec::new()).unwrap_or_default()
}

/// Reads a request.
///
/// # Errors
/// If it is of another version, too long, or no request.
pub fn decode(bytes: &[u8]) -> Result<Request, Wrong> {
    match bytes.split_first() {
        None => Err(Wrong::Malformed),
        Some((version, _)) if *version != VERSION => Err(Wrong::Version(VERSION)),
        Some(_) if bytes.len() > REQUEST_BYTES_MAX => Err(Wrong::TooLong),
        Some((_, rest)) => match postcard::take_from_bytes(rest) {
            Ok((request, [])) => Ok(request),
            _ => Err(Wrong::Malformed),
        },
    }
}
