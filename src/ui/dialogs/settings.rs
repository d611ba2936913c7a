//! Settings: how the page looks and speaks. They hold at once, and are remembered.

use yew::prelude::*;

use super::DialogFrame;
use crate::lang::Units;
use crate::scene::Lang;
use crate::ui::ask::{Ask, Ui};
use crate::ui::canvas::is_painted_here;
use crate::ui::prefs::{self, Movement, Prefs, Theme};
use crate::ui::words;
use crate::word;

/// What the dialog is drawn from.
#[derive(Properties, PartialEq)]
pub struct SettingsProps {
    /// Language and wishes.
    pub ui: Ui,
    /// What holds now.
    pub prefs: Prefs,
}

/// The dialog.
#[component]
pub fn SettingsDialog(props: &SettingsProps) -> Html {
    let (ui, prefs, lang) = (&props.ui, props.prefs, props.ui.lang);
    let system = word!(lang, "As the system", "跟随系统");
    let languages = [(Lang::En, "English"), (Lang::Zh, "中文")];
    let languages = languages.map(|(choice, name)| (choice.with_units(lang.units), name));
    let themes = [
        (Theme::System, system),
        (Theme::Light, word!(lang, "Light", "浅色")),
        (Theme::Dark, word!(lang, "Dark", "深色")),
    ];
    let movements = [
        (Movement::System, system),
        (Movement::Reduced, word!(lang, "Reduced", "减弱")),
        (Movement::Full, word!(lang, "Full", "完整")),
    ];
    let units = [(Units::Auto, word!(lang, "Automatic", "自动")), (Units::Ms, "ms"), (Units::Us, "µs")];
    let units = units.map(|(choice, name)| (lang.with_units(choice), name));
    html! {
        <DialogFrame ui={ui.clone()} title={word!(lang, "Settings", "设置")}>
            { group(ui, "language", word!(lang, "Language", "语言"), None, lang, &languages, Ask::Lang) }
            { group(ui, "theme", word!(lang, "Theme", "主题"), None, prefs.theme, &themes, Ask::Theme) }
            { group(ui, "motion", word!(lang, "Motion", "动态效果"),
                Some(word!(lang, "With reduced motion messages jump instead of gliding.", "减弱时消息直接跳到位置，不再滑动。")),
                prefs.movement, &movements, Ask::Movement) }
            { group(ui, "units", word!(lang, "Virtual time in", "虚拟时间单位"),
                Some(word!(lang, "Automatic shows each time in the unit that suits it.", "自动：以合适的单位显示每个时间。")),
                lang, &units, Ask::Lang) }
            if !prefs::can_remember() { <p class="hint">{ words::forgets(lang) }</p> }
            if is_painted_here() { <p class="hint">{ words::paints_itself(lang) }</p> }
        </DialogFrame>
    }
}

/// One question with a few answers side by side, of which one holds.
fn group<T: Copy + PartialEq + 'static>(
    ui: &Ui,
    name: &'static str,
    legend: &'static str,
    hint: Option<&'static str>,
    chosen: T,
    choices: &[(T, &'static str)],
    ask: fn(T) -> Ask,
) -> Html {
    let hint_id = format!("{name}-hint");
    html! {
        <fieldset class="choices" aria-describedby={hint.map(|_| hint_id.clone())}>
            <legend>{ legend }</legend>
            <div class="segments">
                for (choice, label) in choices {
                    <label key={*label}>
                        <input type="radio" {name} class="visually-hidden" checked={*choice == chosen} onchange={ui.on(ask(*choice))} />
                        <span>{ *label }</span>
                    </label>
                }
            </div>
            if let Some(hint) = hint { <p class="hint" id={hint_id}>{ hint }</p> }
        </fieldset>
    }
}
