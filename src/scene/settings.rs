//! What a run starts from, as a form that knows no protocol: the figures, switches and choices of its scenario file.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::registry::{OpenCause, Opened, Protocol, open_among};
use super::workbench::Workbench;
use crate::protocol::{Invalid, Problem};
use crate::scenario::json::JsonError;

/// A setting, by its place in the setup: `nodes`, `options.election_timeout_us_min`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Setting {
    /// Where it stands.
    pub path: String,
    /// What it is now.
    pub value: SettingValue,
}

/// What a setting can be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum SettingValue {
    /// A whole number.
    Figure(u64),
    /// On or off.
    Switch(bool),
    /// One of the words that the protocol knows.
    Word(String),
}

/// Why a run cannot start from changed settings.
#[derive(Clone, PartialEq, Debug)]
pub enum SettingsError {
    /// These are not valid, each by its place in the setup.
    Invalid(Vec<Invalid>),
    /// Something else is wrong.
    Other(OpenCause),
}

/// The settings of a scenario file that can be changed in a form. Lists and what is made of parts are left out.
pub fn settings(file: &str) -> Vec<Setting> {
    let Ok(file) = serde_json::from_str::<Value>(file) else { return Vec::new() };
    let Some(setup) = file.get("setup").and_then(Value::as_object) else { return Vec::new() };
    let top = ["nodes", "clients"].into_iter().filter_map(|name| setting(name.to_owned(), setup.get(name)?));
    let options = setup.get("options").and_then(Value::as_object);
    let options = options.into_iter().flatten();
    top.chain(options.filter_map(|(name, value)| setting(format!("options.{name}"), value))).collect()
}

fn setting(path: String, value: &Value) -> Option<Setting> {
    let value = match value {
        Value::Number(number) => SettingValue::Figure(number.as_u64()?),
        Value::Bool(on) => SettingValue::Switch(*on),
        Value::String(word) => SettingValue::Word(word.clone()),
        _ => return None,
    };
    Some(Setting { path, value })
}

/// Opens the run of a scenario file with other settings, from its start and without what was done to it, where these
/// protocols are at hand.
///
/// # Errors
/// What is wrong with them.
pub fn open_with(
    among: &[Protocol],
    file: &str,
    changes: &[Setting],
) -> Result<Box<dyn Workbench>, SettingsError> {
    let open = |text: &str| open_among(among, text, None);
    let mut new: Value = serde_json::from_str(file).unwrap_or_default();
    for Setting { path, value } in changes {
        let value = match value {
            SettingValue::Figure(figure) => json!(figure),
            SettingValue::Switch(on) => json!(on),
            SettingValue::Word(word) => json!(word),
        };
        if let Some(place) = new.pointer_mut(&pointer(path)) {
            *place = value;
        }
    }
    if let Some(new) = new.as_object_mut() {
        new.remove("interventions");
        new.insert("cursor".to_owned(), json!(0));
    }
    open(&new.to_string()).map_err(|error| match error.cause {
        OpenCause::Json(JsonError::Invalid(wrong)) => SettingsError::Invalid(wrong),
        OpenCause::Json(JsonError::Form(why)) => match unknown_word(&open, &new, file, changes, &why) {
            Some(invalid) => SettingsError::Invalid(vec![invalid]),
            None => SettingsError::Other(OpenCause::Json(JsonError::Form(why))),
        },
        other => SettingsError::Other(other),
    })
}

/// Where a setting stands in a scenario file.
fn pointer(path: &str) -> String {
    format!("/setup/{}", path.replace('.', "/"))
}

/// Finds the typed word because of which a file cannot be read: with the old one in its place it says something
/// else, or nothing at all.
fn unknown_word(
    open: &dyn Fn(&str) -> Opened,
    new: &Value,
    old: &str,
    changes: &[Setting],
    why: &str,
) -> Option<Invalid> {
    // `why` ends like this: expected one of `a`, `b` at line 1 column 2
    let (_, known) = why.split_once("expected ")?;
    let known = known.split(" at line").next().unwrap_or(known).trim_start_matches("one of ");
    // Words stand in backticks; anything else that is expected is no word.
    let known = known.starts_with('`').then(|| known.to_owned())?;
    let old: Value = serde_json::from_str(old).ok()?;
    let is_culprit = |setting: &&Setting| {
        let mut mended = new.clone();
        let (Some(place), Some(word)) =
            (mended.pointer_mut(&pointer(&setting.path)), old.pointer(&pointer(&setting.path)))
        else {
            return false;
        };
        *place = word.clone();
        match open(&mended.to_string()) {
            Err(error) => !matches!(error.cause, OpenCause::Json(JsonError::Form(other)) if other == why),
            Ok(_) => true,
        }
    };
    let words = changes.iter().filter(|setting| matches!(setting.value, SettingValue::Word(_)));
    let culprit = words.into_iter().find(is_culprit)?;
    Some(Invalid::new(culprit.path.clone(), Problem::UnknownWord { known }))
}

#[cfg(test)]
mod tests {
    use super::super::registry::{PROTOCOLS, open};
    use super::*;

    fn figure(path: &str, figure: u64) -> Setting {
        Setting { path: path.to_owned(), value: SettingValue::Figure(figure) }
    }

    #[test]
    fn every_scenario_of_every_protocol_has_a_form_and_starts_again_from_it() {
        for card in crate::scene::catalogue(crate::lang::Lang::En) {
            let file = open(&card.id).ok().unwrap().json();
            let form = settings(&file);
            assert!(form.contains(&figure("clients", file_clients(&file))), "{}", card.id);
            let mut again = open_with(PROTOCOLS, &file, &form).ok().unwrap();
            let mut same = open(&card.id).ok().unwrap();
            assert_eq!((again.seek(200), again.digest()), (same.seek(200), same.digest()), "{}", card.id);
        }
    }

    fn file_clients(file: &str) -> u64 {
        let file: Value = serde_json::from_str(file).unwrap();
        file["setup"]["clients"].as_u64().unwrap()
    }

    #[test]
    fn a_changed_setting_changes_the_run() {
        let file = open("raft/calm").ok().unwrap().json();
        let bench = open_with(PROTOCOLS, &file, &[figure("nodes", 7)]).ok().unwrap();
        assert_eq!((bench.nodes(), bench.cursor()), (7, 0));
    }

    #[test]
    fn a_word_that_is_not_known_is_said_by_its_place_with_those_that_are() {
        let file = catalogue_file("consistent-hashing");
        let word = |path: &str, word: &str| Setting {
            path: path.to_owned(),
            value: SettingValue::Word(word.to_owned()),
        };
        let Err(SettingsError::Invalid(wrong)) =
            open_with(PROTOCOLS, &file, &[figure("nodes", 4), word("options.algorithm", "roulette")])
        else {
            panic!("it was opened")
        };
        assert_eq!(wrong[0].field, "options.algorithm");
        let Problem::UnknownWord { known } = &wrong[0].problem else { panic!("{wrong:?}") };
        assert!(known.starts_with('`') && known.contains("`rendezvous`"), "{known}");
    }

    fn catalogue_file(protocol: &str) -> String {
        let cards = crate::scene::catalogue(crate::lang::Lang::En);
        let card = cards.iter().find(|card| card.protocol == protocol).unwrap();
        open(&card.id).ok().unwrap().json()
    }

    #[test]
    fn what_is_invalid_is_said_by_its_place() {
        let file = open("raft/calm").ok().unwrap().json();
        let wrong = [figure("nodes", 0), figure("options.election_timeout_us_max", 1)];
        let Err(SettingsError::Invalid(wrong)) = open_with(PROTOCOLS, &file, &wrong) else {
            panic!("it was opened")
        };
        let fields: Vec<&str> = wrong.iter().map(|invalid| invalid.field.as_str()).collect();
        assert!(fields.contains(&"nodes"), "{fields:?}");
        assert!(fields.iter().any(|field| field.starts_with("options.election_timeout")), "{fields:?}");
        let word = Setting { path: "options.pre_vote".to_owned(), value: SettingValue::Word("x".to_owned()) };
        assert!(matches!(
            open_with(PROTOCOLS, &file, &[word]),
            Err(SettingsError::Other(OpenCause::Json(_)))
        ));
    }
}
