//! How the page is put together.

use yew::prelude::*;

use super::{App, Layout};
use crate::protocol::{ClientId, NodeId};
use crate::scene::Selection;
use crate::sim::Address;
use crate::ui::actions;
use crate::ui::ask::{Ask, Dialog, Panel};
use crate::ui::branches::Branches;
use crate::ui::compare;
use crate::ui::diagram::DiagramView;
use crate::ui::dialogs::DialogFrame;
use crate::ui::dialogs::clock::ClockDialog;
use crate::ui::dialogs::command::{CommandDialog, Receiver};
use crate::ui::dialogs::conditions::ConditionsDialog;
use crate::ui::dialogs::deeds;
use crate::ui::dialogs::help::Help;
use crate::ui::dialogs::links::LinksDialog;
use crate::ui::dialogs::partition::PartitionDialog;
use crate::ui::dialogs::seed::SeedDialog;
use crate::ui::dialogs::settings::SettingsDialog;
use crate::ui::dialogs::setup::SetupDialog;
use crate::ui::dialogs::share::Share;
use crate::ui::dom;
use crate::ui::hands::Hands;
use crate::ui::icons::{Icon, icon};
use crate::ui::inspector::Inspector;
use crate::ui::menu::Menu;
use crate::ui::metrics::MetricsPanel;
use crate::ui::narration::{Narration, Story};
use crate::ui::panels::Tabs;
use crate::ui::pending::PendingList;
use crate::ui::stage::StageView;
use crate::ui::tables::TableView;
use crate::ui::toasts::Toasts;
use crate::ui::top_bar::TopBar;
use crate::ui::transport::Transport;
use crate::word;

impl App {
    /// The page.
    pub(super) fn draw(&self) -> Html {
        let (ui, lang) = (&self.ui, self.ui.lang);
        let class = match self.layout {
            // For a room the words stand beside the stage, however much height there is.
            Layout::Wide | Layout::Medium if self.presents => "page is-short",
            Layout::Wide => "page is-wide",
            Layout::Medium => "page is-medium",
            Layout::Narrow => "page is-narrow",
            Layout::Short => "page is-short",
        };
        let class = classes!(class, self.presents.then_some("is-presenting"));
        let facts = self.facts();
        let protocol = AttrValue::from(facts.protocol.clone());
        let transport = html! {
            <Transport ui={ui.clone()} figures={self.shot.figures} tape={self.shot.tape.clone()}
                branches={self.shot.branches.clone()} deeds={self.shot.deeds.len()} motion={self.motion.clone()} />
        };
        // Panels that still show the moment before.
        let [middle_busy, side_busy] =
            [self.is_middle_old, self.is_side_old].map(|is_old| is_old.then_some("true"));
        html! {
            <div {class}>
                <TopBar ui={ui.clone()} cards={self.cards.clone()} {protocol} scenario={facts.scenario.clone()}
                    nodes={facts.nodes} presents={self.presents} />
                { self.failure() }
                <main class="columns" aria-label={word!(lang, "The run", "运行")}>
                    { self.stage() }
                    { match self.layout {
                        _ if self.presents => Html::default(),
                        Layout::Wide => html! {
                            <>
                                <div class="column column-middle" aria-busy={middle_busy}>
                                    <DiagramView ui={ui.clone()} diagram={self.diagram.clone()} />
                                    { self.table_tabs() }
                                </div>
                                <div class="column column-side" aria-busy={side_busy}>{ self.side_tabs() }</div>
                            </>
                        },
                        _ => html! { <div class="column column-side" aria-busy={middle_busy.or(side_busy)}>{ self.all_tabs() }</div> },
                    } }
                    { self.overlay() }
                </main>
                { transport }
            </div>
        }
    }

    fn stage(&self) -> Html {
        let (ui, lang) = (&self.ui, self.ui.lang);
        let selection = self.run.as_ref().and_then(|run| run.selection());
        let facts = self.facts();
        let card = self.cards.iter().find(|card| card.id == facts.scenario.as_str());
        let look_for = card.map(|card| card.look_for.clone());
        html! {
            <section class="column column-stage" aria-label={word!(lang, "Stage", "舞台")}>
                <div class="stage-top">
                    <div class="stage-head">
                        if let Some(look_for) = look_for {
                            <p class="look-for" title={look_for.clone()}><strong>{ word!(lang, "Look for", "看点") }</strong>{ " " }{ look_for }</p>
                        }
                        <p class="headline">{ self.shot.stage.headline.clone() }</p>
                        // Over what is only read, so that a remark never lies on what can be pressed.
                        <Toasts ui={ui.clone()} toasts={self.toasts.clone()} announcement={self.announcement.clone()} />
                    </div>
                    <StageView ui={ui.clone()} stage={self.shot.stage.clone()} circle={self.shot.circle.clone()} {selection} here={self.shot.here()}
                        is_playing={self.shot.figures.playing} motion={self.motion.clone()} colours={self.colours.clone()} />
                    <Narration ui={ui.clone()} sentence={self.shot.sentence.clone()} is_deed={self.shot.is_deed()} />
                </div>
                { self.hands(selection) }
            </section>
        }
    }

    /// The palette: from what it needs of the stage, which seldom changes.
    fn hands(&self, selection: Option<Selection>) -> Html {
        let stage = &self.shot.stage;
        let chosen = match selection {
            Some(Selection::Party(address)) => address.node(),
            _ => None,
        };
        let party =
            chosen.and_then(|node| stage.parties.iter().find(|party| party.address == Address::Node(node)));
        let client = stage.parties.iter().find_map(|party| match party.address {
            Address::Client(client) => Some(client.0),
            Address::Node(_) => None,
        });
        html! {
            <Hands ui={self.ui.clone()} {chosen} is_up={party.is_none_or(|party| party.up)}
                is_whole={stage.cuts.is_empty()} {client} manual={self.shot.figures.manual} />
        }
    }

    fn failure(&self) -> Html {
        let Some(failure) = &self.failure else { return Html::default() };
        let (ui, lang) = (&self.ui, self.ui.lang);
        html! {
            <div class="failure" role="alert">
                <p>{ failure.text.clone() }</p>
                if failure.salvaged.is_some() {
                    <button type="button" class="strong" onclick={ui.on(Ask::OpenSalvaged)}>
                        { word!(lang, "Open what could be saved", "打开可以恢复的部分") }
                    </button>
                }
                if failure.again.is_some() {
                    <button type="button" class="strong" onclick={ui.on(Ask::Retry)}>
                        { word!(lang, "Try again", "再试一次") }
                    </button>
                }
                <button type="button" class="quiet" aria-label={word!(lang, "Close", "关闭")} onclick={ui.on(Ask::Close)}>{ icon(Icon::Close) }</button>
            </div>
        }
    }

    fn panel_name(&self, panel: Panel) -> AttrValue {
        let lang = self.ui.lang;
        match panel {
            Panel::Diagram => AttrValue::from(word!(lang, "Diagram", "时空图")),
            Panel::Inspector => AttrValue::from(word!(lang, "Inspector", "检查器")),
            Panel::Story => AttrValue::from(word!(lang, "Story", "经过")),
            Panel::Pending => AttrValue::from(word!(lang, "Pending", "待处理")),
            Panel::Metrics => AttrValue::from(word!(lang, "Metrics", "指标")),
            Panel::Compare => AttrValue::from(word!(lang, "Compare", "对比")),
            Panel::Table(at) => {
                AttrValue::from(self.shot.tables.get(at).map(|table| table.title.clone()).unwrap_or_default())
            }
        }
    }

    fn named(&self, panels: impl IntoIterator<Item = Panel>) -> Vec<(Panel, AttrValue)> {
        panels.into_iter().map(|panel| (panel, self.panel_name(panel))).collect()
    }

    fn table_panels(&self) -> impl Iterator<Item = Panel> {
        (0..self.shot.tables.len()).map(Panel::Table)
    }

    fn table_tabs(&self) -> Html {
        let label = word!(self.ui.lang, "State", "状态");
        let shown = Panel::Table(self.table.min(self.shot.tables.len().saturating_sub(1)));
        if self.shot.tables.is_empty() {
            return Html::default();
        }
        html! {
            <Tabs ui={self.ui.clone()} id="tables" {label} tabs={self.named(self.table_panels())} {shown}>{ self.panel(shown) }</Tabs>
        }
    }

    fn detail_panels(&self) -> impl Iterator<Item = Panel> {
        let compare = (self.shot.branches.len() > 1).then_some(Panel::Compare);
        [Panel::Inspector, Panel::Story, Panel::Pending, Panel::Metrics].into_iter().chain(compare)
    }

    fn side_tabs(&self) -> Html {
        let label = word!(self.ui.lang, "Details", "细节");
        let tabs = self.named(self.detail_panels());
        html! { <Tabs ui={self.ui.clone()} id="side" {label} {tabs} shown={self.side}>{ self.panel(self.side) }</Tabs> }
    }

    fn all_tabs(&self) -> Html {
        let label = word!(self.ui.lang, "Panels", "面板");
        let panels = [Panel::Diagram].into_iter().chain(self.table_panels());
        let tabs = self.named(panels.chain(self.detail_panels()));
        html! { <Tabs ui={self.ui.clone()} id="all" {label} {tabs} shown={self.only}>{ self.panel(self.only) }</Tabs> }
    }

    fn panel(&self, panel: Panel) -> Html {
        let (ui, shot) = (&self.ui, &self.shot);
        let chosen = self.run.as_ref().and_then(|run| run.selection());
        match panel {
            Panel::Diagram => html! { <DiagramView ui={ui.clone()} diagram={self.diagram.clone()} /> },
            Panel::Table(shown) => {
                html! { <TableView ui={ui.clone()} tables={shot.tables.clone()} {shown} {chosen} /> }
            }
            Panel::Inspector => html! {
                <Inspector ui={ui.clone()} inspection={shot.inspection.clone()} node={shot.inspected} causes={shot.causes.clone()} spots={shot.spots.clone()} />
            },
            Panel::Story => html! { <Story ui={ui.clone()} story={shot.story.clone()} /> },
            Panel::Metrics => html! { <MetricsPanel ui={ui.clone()} metrics={shot.metrics.clone()} /> },
            Panel::Pending => {
                html! { <PendingList ui={ui.clone()} pending={shot.pending.clone()} manual={shot.figures.manual} /> }
            }
            Panel::Compare => compare::view(ui, shot.comparison.as_deref(), &shot.branches, self.other),
        }
    }

    /// The menu or the dialog that is open.
    fn overlay(&self) -> Html {
        let Some(run) = &self.run else { return Html::default() };
        let (ui, lang) = (self.ui.clone(), self.ui.lang);
        if let Some((subject, x, y)) = self.menu
            && let Some((title, items)) = actions::menu(subject, &self.shot.stage, run, lang)
        {
            return html! { <Menu {ui} {title} {items} {x} {y} /> };
        }
        let refusal = self.refusal.clone();
        match self.dialog {
            None => Html::default(),
            Some(Dialog::Share) => html! {
                <Share {ui} address={dom::address_with(&run.link())} digest={self.digest}
                    cursor={run.state().cursor} recorded={run.state().recorded} />
            },
            Some(Dialog::Help) => html! { <Help {ui} /> },
            Some(Dialog::Settings) => html! { <SettingsDialog {ui} prefs={self.prefs} /> },
            Some(Dialog::Command(client)) => {
                let receiver = Receiver::Client(ClientId(client));
                html! { <CommandDialog {ui} {receiver} clients={run.facts().clients} prompts={run.prompts(Address::Client(ClientId(client)), lang)} {refusal} /> }
            }
            Some(Dialog::Operation(node)) => {
                let receiver = Receiver::Node(NodeId(node));
                html! { <CommandDialog {ui} {receiver} clients={0} prompts={run.prompts(Address::Node(NodeId(node)), lang)} {refusal} /> }
            }
            Some(Dialog::Clock(node)) => html! { <ClockDialog {ui} node={NodeId(node)} {refusal} /> },
            Some(Dialog::Links(node)) => {
                html! { <LinksDialog {ui} node={NodeId(node)} stage={self.shot.stage.clone()} /> }
            }
            Some(Dialog::Partition) => {
                html! { <PartitionDialog {ui} stage={self.shot.stage.clone()} {refusal} /> }
            }
            Some(Dialog::Conditions) => {
                html! { <ConditionsDialog {ui} conditions={run.conditions()} {refusal} /> }
            }
            Some(Dialog::Setup) => {
                html! { <SetupDialog {ui} known={run.settings()} wrong={self.wrong.clone()} {refusal} /> }
            }
            Some(Dialog::Seed) => html! { <SeedDialog {ui} seed={run.facts().seed} /> },
            Some(Dialog::Deeds) => deeds::dialog(&ui, &self.shot.deeds),
            Some(Dialog::Branches) => html! {
                <DialogFrame ui={ui.clone()} title={word!(lang, "Branches", "分支")}>
                    <Branches {ui} branches={self.shot.branches.clone()} />
                </DialogFrame>
            },
        }
    }
}
