//! An engine for a script: the same run without the wire's bytes, as text and plain data (JSON).
//!
//! What a script asks for goes through the same player, so it sees the same run as a page does.

use serde::Serialize;

use super::host::Host;
use crate::scene::{Action, Command, Lang, Selection};
use crate::sim::Address;

/// Why a script was refused, as a sentence.
pub type Why = String;

fn json<T: Serialize>(value: &T) -> Result<String, Why> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

impl Host {
    /// Opens a scenario by name, a link, or the text of a scenario file, in place of what is open.
    ///
    /// # Errors
    /// What is wrong with it; what is open stays open.
    pub fn open_text(&mut self, source: &str, seed: Option<u64>, lang: Lang) -> Result<(), Why> {
        let opened = self.open(super::Source::Text(source.to_owned()), seed, None, lang);
        opened.map(drop).map_err(|refused| refused.text)
    }

    fn command(&mut self, command: Command, lang: Lang) -> Result<u32, Why> {
        let player = self.player().map_err(|wrong| wrong.to_string())?;
        player.set_glides(false);
        player.apply(command, lang).map_err(|refusal| refusal.text(lang))?;
        Ok(player.bench().cursor())
    }

    /// Goes to a step, recording the run as far as it is needed. Returns where the cursor stands: earlier where the run
    /// comes to rest.
    ///
    /// # Errors
    /// If no run is open.
    pub fn seek(&mut self, step: u32) -> Result<u32, Why> {
        self.command(Command::SeekTo(step), Lang::En)
    }

    /// Acts at the cursor, by an intervention as it stands in scenario files, with its commands as text. In the past this
    /// opens a branch.
    ///
    /// # Errors
    /// Why that is no action, or cannot be done; nothing has changed then.
    pub fn act(&mut self, action: &str, lang: Lang) -> Result<u32, Why> {
        let action: Action = serde_json::from_str(action).map_err(|error| error.to_string())?;
        self.command(Command::Act(action), lang)
    }

    /// The cluster at the cursor as JSON: parties, messages, connections, and the line that says how things stand.
    ///
    /// # Errors
    /// If no run is open.
    pub fn stage_json(&mut self, lang: Lang) -> Result<String, Why> {
        let player = self.player().map_err(|wrong| wrong.to_string())?;
        json(&player.bench().stage(lang))
    }

    /// The fields of a party as JSON; `null` where there is none.
    ///
    /// # Errors
    /// If no run is open.
    pub fn party_json(&mut self, party: Address, lang: Lang) -> Result<String, Why> {
        let player = self.player().map_err(|wrong| wrong.to_string())?;
        json(&player.bench_mut().inspect(Selection::Party(party), lang))
    }

    /// What happened in the step at the cursor as JSON; `null` at the start.
    ///
    /// # Errors
    /// If no run is open.
    pub fn sentence_json(&mut self, lang: Lang) -> Result<String, Why> {
        let bench = self.player().map_err(|wrong| wrong.to_string())?.bench_mut();
        let cursor = bench.cursor();
        json(&bench.sentence(cursor, lang))
    }

    /// The exact run as the fragment of a link.
    ///
    /// # Errors
    /// If no run is open.
    pub fn link_text(&mut self) -> Result<String, Why> {
        Ok(self.player().map_err(|wrong| wrong.to_string())?.bench().link())
    }

    /// The digest of the run up to the cursor, in hexadecimal digits as the command line prints it.
    ///
    /// # Errors
    /// If no run is open.
    pub fn digest_text(&mut self) -> Result<String, Why> {
        let digest = self.player().map_err(|wrong| wrong.to_string())?.bench_mut().digest();
        Ok(crate::scene::trace::hex(digest))
    }
}
