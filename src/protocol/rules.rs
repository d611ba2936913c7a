//! The rules that a protocol keeps, each under a name by which it can be broken on purpose.
//!
//! A rule that can be broken shows two things: a reader sees what it is good for, and a check that does not find it
//! broken is too weak. The guard of a rule is where keeping it makes a difference; [`crate::protocol::Effects::reached`]
//! notes that a run has come there, so that a check can say which guards its faults never reach.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserializer, Serializer};

/// A rule of one protocol, as whoever lists rules sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RuleName {
    /// Its place among the rules of its protocol, below 64.
    pub index: u8,
    /// Its name in scenario files: what is done wrong where it is broken.
    pub name: &'static str,
    /// What is done wrong, as a sentence with the section of the paper.
    pub meaning: &'static str,
}

/// Rules of which a step has reached the guard, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RuleSet(pub u64);

impl RuleSet {
    /// Adds a rule.
    pub fn insert(&mut self, index: u8) {
        self.0 |= 1u64.checked_shl(index.into()).unwrap_or(0);
    }

    /// The places of its rules, in order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |index| self.0 >> index & 1 == 1)
    }
}

/// Writes the names of broken rules. One function for all protocols: what serde derives for dozens of switches would
/// weigh more in the page than some of the protocols.
///
/// # Errors
/// Those of the serializer.
pub fn write<S: Serializer>(
    names: &[&'static str],
    broken: RuleSet,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let names = broken.iter().filter_map(|index| names.get(usize::from(index)));
    serializer.collect_map(names.map(|name| (name, true)))
}

/// Reads switches by name.
///
/// # Errors
/// Those of the deserializer, a name that is none of these, or one that stands twice.
pub fn read<'de, D: Deserializer<'de>>(
    names: &'static [&'static str],
    deserializer: D,
) -> Result<RuleSet, D::Error> {
    deserializer.deserialize_map(Switches(names))
}

struct Switches(&'static [&'static str]);

impl<'de> Visitor<'de> for Switches {
    type Value = RuleSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the names of rules, each with true or false")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RuleSet, A::Error> {
        let (mut broken, mut seen) = (RuleSet::default(), RuleSet::default());
        while let Some(name) = map.next_key::<String>()? {
            let known = (0..).zip(self.0).find(|(_, known)| **known == name);
            let Some((index, known)) = known else { return Err(A::Error::unknown_field(&name, self.0)) };
            if seen.iter().any(|other| other == index) {
                return Err(A::Error::duplicate_field(known));
            }
            seen.insert(index);
            if map.next_value::<bool>()? {
                broken.insert(index);
            }
        }
        Ok(broken)
    }
}

/// Declares the rules of a protocol: the switches `BreakRules` of its options and the names `Rule` of its guards.
///
/// ```
/// use lamplight::protocol::rules;
///
/// rules! {
///     /// A node grants its vote to everyone who asks in a term (against Raft §5.2).
///     vote_twice => VoteTwice,
/// }
///
/// let broken = BreakRules { vote_twice: true };
/// assert!(broken.breaks(Rule::VoteTwice));
/// assert_eq!(Rule::NAMES[0].name, "vote_twice");
/// ```
#[macro_export]
macro_rules! rules {
    ($( $(#[doc = $meaning:literal])+ $field:ident => $rule:ident, )+) => {
        /// Rules to break on purpose, so that one can see what each is for.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct BreakRules {
            $(
                $(#[doc = $meaning])+
                pub $field: bool,
            )+
        }

        /// Only what is broken is written.
        impl ::serde::Serialize for BreakRules {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::protocol::rules::write(BreakRules::FIELDS, self.broken(), serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for BreakRules {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let broken = $crate::protocol::rules::read(BreakRules::FIELDS, deserializer)?;
                let mut rules = BreakRules::default();
                broken.iter().for_each(|index| rules.break_rule(index));
                Ok(rules)
            }
        }

        /// A rule that the protocol keeps, named by what is done where it is broken.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Rule {
            $( $(#[doc = $meaning])+ $rule, )+
        }

        impl Rule {
            /// All rules, in the order of their declaration.
            pub const NAMES: &'static [$crate::protocol::rules::RuleName] = &[
                $( $crate::protocol::rules::RuleName {
                    index: Rule::$rule as u8,
                    name: stringify!($field),
                    meaning: concat!($($meaning),+),
                }, )+
            ];
        }

        impl From<Rule> for u8 {
            fn from(rule: Rule) -> u8 {
                rule as u8
            }
        }

        impl BreakRules {
            const FIELDS: &'static [&'static str] = &[$( stringify!($field), )+];

            /// The rules that are broken.
            fn broken(&self) -> $crate::protocol::RuleSet {
                let mut broken = $crate::protocol::RuleSet::default();
                $( if self.$field { broken.insert(Rule::$rule as u8); } )+
                broken
            }

            /// Whether this rule is broken.
            pub fn breaks(&self, rule: Rule) -> bool {
                match rule {
                    $( Rule::$rule => self.$field, )+
                }
            }

            /// Breaks the rule at this place of [`Rule::NAMES`].
            pub fn break_rule(&mut self, index: u8) {
                $( if index == Rule::$rule as u8 { self.$field = true; } )+
            }

            /// Whether any rule is broken.
            pub fn any(&self) -> bool {
                *self != BreakRules::default()
            }
        }
    };
}

pub use crate::rules;
