//! One number for a run: equal bytes, equal digest, natively and in wasm.

use serde::Serialize;
use siphasher::sip::SipHasher24;
use std::hash::Hasher;

use super::step::{Loss, Step, Watcher};
use super::{Address, Cluster};
use crate::protocol::Participant;

/// Takes in every step in full: who, when, why, the input, each effect with its reason, each loss.
pub struct Digest {
    hasher: SipHasher24,
}

impl Default for Digest {
    fn default() -> Self {
        Digest { hasher: SipHasher24::new_with_keys(0x6c61_6d70, 0x6c69_6768) }
    }
}

impl Digest {
    /// The digest of all that was taken in.
    pub fn finish(&self) -> u64 {
        self.hasher.finish()
    }

    /// Takes in anything that can be serialised.
    pub fn take<T: Serialize + ?Sized>(&mut self, value: &T) {
        // Writing into a hasher cannot fail, and the values are plain data.
        let _ = postcard::serialize_with_flavor::<T, Sink<'_>, ()>(value, Sink(&mut self.hasher));
    }
}

struct Sink<'a>(&'a mut SipHasher24);

impl postcard::ser_flavors::Flavor for Sink<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.write(&[byte]);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.write(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

impl<P: Participant> Watcher<P> for Digest {
    fn wants_details(&self) -> bool {
        true
    }

    fn step(&mut self, cluster: &Cluster<P>, step: &Step<'_, P>) {
        self.take(&(step.index, step.time_us, step.party, step.cause));
        self.take(step.happening);
        self.take(step.effects);
        self.take(&step.violation);
        if let Some(node) = step.party.and_then(Address::node) {
            self.take(&cluster.node(node).map(P::lane));
        }
    }

    fn lost(&mut self, loss: &Loss) {
        self.take(&(loss.cause, loss.from, loss.to, loss.sent_us, loss.time_us));
    }
}
