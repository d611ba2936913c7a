//! The player with a real run of five nodes.

use super::*;
use crate::protocol::NodeId;
use crate::sim::{Intervention, Unsynced};

const FRAME_US: u64 = 16_667;

fn player() -> Player {
    let mut player = Player::new(crate::scene::open("raft/leader-crash").ok().unwrap());
    player.set_glides(false);
    player
}

fn run(player: &mut Player, command: Command) -> Change {
    player.apply(command, Lang::En).unwrap()
}

fn crash() -> Command {
    Command::Act(Intervention::Crash { node: NodeId(1), unsynced: Unsynced::Torn, unsent: 0 })
}

#[test]
fn playing_moves_virtual_time_by_real_time_over_the_slowdown() {
    let mut player = player();
    run(&mut player, Command::Slowdown(50));
    run(&mut player, Command::Play);
    for _ in 0..60 {
        player.tick(FRAME_US);
    }
    // 60 frames are one second of 1,000,020 µs; no remainder of a frame may get lost.
    assert_eq!(player.time_us(), 60 * FRAME_US / 50);
}

#[test]
fn the_cursor_is_always_the_last_step_at_or_before_the_shown_moment() {
    let mut player = player();
    run(&mut player, Command::Slowdown(1));
    run(&mut player, Command::Play);
    for _ in 0..30 {
        player.tick(FRAME_US);
        let bench = player.bench();
        assert!(bench.now_us() <= player.time_us());
        assert_eq!(bench.cursor(), bench.cursor_at(player.time_us()));
    }
    assert!(player.bench().cursor() > 50);
}

#[test]
fn a_tab_that_slept_does_not_race_to_catch_up() {
    let mut player = player();
    run(&mut player, Command::Slowdown(1));
    run(&mut player, Command::Play);
    player.tick(3_600_000_000);
    assert_eq!(player.time_us(), TICK_US_MAX);
}

#[test]
fn any_command_that_seeks_pauses_first() {
    for command in
        [Command::Step(-1), Command::SeekTo(3), Command::First, Command::Milestone { forward: true }]
    {
        let mut player = player();
        run(&mut player, Command::Play);
        run(&mut player, command.clone());
        assert!(!player.is_moving(), "{command:?}");
    }
}

#[test]
fn a_step_forward_records_one_step_and_a_step_back_returns() {
    let mut player = player();
    run(&mut player, Command::Step(1));
    assert_eq!((player.bench().cursor(), player.bench().recorded()), (1, 1));
    run(&mut player, Command::Step(-1));
    assert_eq!((player.bench().cursor(), player.time_us()), (0, 0));
}

#[test]
fn a_glide_ends_after_its_time_or_when_the_next_command_comes() {
    let mut player = player();
    // From here on every step is some time after the one before it.
    run(&mut player, Command::SeekTo(20));
    run(&mut player, Command::SeekTo(9));
    let (from_us, to_us) = (player.time_us(), player.bench().time_at(10));
    player.set_glides(true);
    run(&mut player, Command::Step(1));
    assert!(player.is_moving() && player.bench().cursor() == 9);
    player.tick(GLIDE_US / 2);
    let half_us = from_us + (to_us - from_us) / 2;
    assert!(player.time_us().abs_diff(half_us) <= 1, "half of the way");
    player.tick(GLIDE_US);
    assert_eq!((player.bench().cursor(), player.is_moving()), (10, false));

    run(&mut player, Command::Step(1));
    run(&mut player, Command::Step(1));
    run(&mut player, Command::Pause);
    assert_eq!(player.bench().cursor(), 12);
}

#[test]
fn a_far_seek_is_spread_over_frames_and_arrives() {
    let mut player = player();
    run(&mut player, Command::SeekTime(40_000_000));
    assert!(player.is_moving() && player.bench().cursor() == 0);
    player.tick(FRAME_US);
    assert!(player.bench().recorded() <= STEPS_PER_TICK);
    let mut frames = 1;
    while player.is_moving() {
        player.tick(FRAME_US);
        frames += 1;
    }
    assert_eq!(player.time_us(), 40_000_000);
    assert!(frames > 3);
}

#[test]
fn acting_where_the_run_ends_opens_no_branch_and_acting_in_the_past_does() {
    let mut player = player();
    run(&mut player, Command::SeekTo(100));
    assert_eq!(run(&mut player, crash()).notice, None);
    for _ in 0..3 {
        run(&mut player, Command::Step(1));
    }
    run(&mut player, Command::Step(-2));
    let pause = Command::Act(Intervention::Pause { node: NodeId(2) });
    assert_eq!(run(&mut player, pause).notice, Some(Notice::Branched { left: 0 }));
}

#[test]
fn marks_are_visited_in_order_and_milestones_are_not_marks() {
    let mut player = player();
    run(&mut player, Command::SeekTo(100));
    run(&mut player, crash());
    let mark = player.bench().cursor();
    run(&mut player, Command::First);
    run(&mut player, Command::Mark { forward: true });
    assert_eq!(player.bench().cursor(), mark);
    assert_eq!(run(&mut player, Command::Mark { forward: true }).notice, Some(Notice::NothingThere));
}

#[test]
fn a_refused_action_changes_nothing() {
    let mut player = player();
    run(&mut player, Command::Step(1));
    let empty = Intervention::Command { client: crate::protocol::ClientId(0), command: String::new() };
    assert!(player.apply(Command::Act(empty), Lang::En).is_err());
    assert_eq!(player.bench().recorded(), 1);
}

#[test]
fn speeds_stop_at_both_ends() {
    let mut player = player();
    for _ in 0..20 {
        run(&mut player, Command::Faster);
    }
    assert_eq!(player.slowdown(), 1);
    for _ in 0..20 {
        run(&mut player, Command::Slower);
    }
    assert_eq!(player.slowdown(), 1000);
}

#[test]
fn tenths_of_the_tape_are_exact() {
    let mut player = player();
    run(&mut player, Command::SeekTime(100_000));
    while player.is_moving() {
        player.tick(FRAME_US);
    }
    let end = player.bench().recorded_us();
    run(&mut player, Command::SeekThousandth(500));
    assert_eq!(player.time_us(), end / 2);
}

#[test]
fn a_run_that_has_come_to_rest_stops_and_says_so() {
    let idle = r#"{"format":1,"protocol":"raft","setup":{"nodes":1,"clients":0}}"#;
    let mut player = Player::new(crate::scene::open(idle).ok().unwrap());
    let crash = Command::Act(Intervention::Crash { node: NodeId(0), unsynced: Unsynced::Torn, unsent: 0 });
    run(&mut player, Command::Step(1));
    run(&mut player, crash);
    let notice = Some(Notice::Stopped(Problem::AtRest));
    assert_eq!(run(&mut player, Command::Step(1)).notice, notice);
    run(&mut player, Command::SeekTime(90_000_000));
    assert_eq!(player.tick(FRAME_US).notice, notice);
    assert!(!player.is_moving());
}

fn finish(player: &mut Player) -> Option<Notice> {
    let mut notice = None;
    while player.is_moving() {
        notice = player.tick(FRAME_US).notice.or(notice);
    }
    notice
}

#[test]
fn a_search_goes_on_over_frames_and_stops_at_what_says_all_of_the_words() {
    let mut player = player();
    run(&mut player, Command::SeekTo(4_000));
    run(&mut player, Command::First);
    let find = |query: &str, forward| Command::Find { query: query.to_owned(), forward };
    run(&mut player, find("CRASHES scenario", true));
    assert_eq!(finish(&mut player), None);
    let crash = player.bench().cursor();
    let said = |player: &mut Player| {
        let cursor = player.bench().cursor();
        player.bench_mut().sentence(cursor, Lang::En).unwrap().text
    };
    assert!(said(&mut player).contains("crashes"), "{}", said(&mut player));
    run(&mut player, find("RequestVote", true));
    finish(&mut player);
    assert!(player.bench().cursor() > crash, "an election follows");
    run(&mut player, find("crashes", false));
    finish(&mut player);
    assert_eq!(player.bench().cursor(), crash);
    run(&mut player, find("no step says this", true));
    assert_eq!(finish(&mut player), Some(Notice::NotFound));
    assert_eq!(player.bench().cursor(), crash, "nothing moved");
    assert!(player.bench().recorded() > 4_000, "a search looks ahead");
}

#[test]
fn another_command_ends_a_search() {
    let mut player = player();
    run(&mut player, Command::SeekTo(4_000));
    run(&mut player, Command::First);
    run(&mut player, Command::Find { query: "no step says this".to_owned(), forward: true });
    player.tick(FRAME_US);
    run(&mut player, Command::Pause);
    assert!(!player.is_moving());
}

#[test]
fn the_last_change_of_a_field_is_the_step_that_gave_it_its_value() {
    let mut player = player();
    run(&mut player, Command::SeekTo(500));
    let term_of = |player: &mut Player| {
        let node = Selection::Party(crate::sim::Address::Node(NodeId(3)));
        let inspection = player.bench_mut().inspect(node, Lang::En).unwrap();
        inspection.fields.into_iter().find(|field| field.name == "term").unwrap().value
    };
    let now = term_of(&mut player);
    run(&mut player, Command::LastChange { node: NodeId(3), field: "term".to_owned() });
    assert_eq!(term_of(&mut player), now);
    run(&mut player, Command::Step(-1));
    assert_ne!(term_of(&mut player), now);
}

#[test]
fn what_was_done_can_be_taken_out_and_what_came_later_is_done_again() {
    let mut player = player();
    run(&mut player, Command::SeekTo(200));
    run(&mut player, crash());
    let deed = player.bench().cursor();
    run(&mut player, Command::SeekTo(400));
    run(&mut player, Command::Act(Intervention::Pause { node: NodeId(2) }));
    run(&mut player, Command::SeekTo(500));
    run(&mut player, Command::Act(Intervention::Restart { node: NodeId(1) }));
    let change = run(&mut player, Command::Undo(deed));
    // Nothing crashed, so nothing can be restarted; the pause can be had again.
    assert_eq!(change.notice, Some(Notice::Undone { not_repeated: 1 }));
    assert_eq!((player.bench().cursor(), player.bench().branches().len()), (deed - 1, 2));
    let deeds = player.bench().deeds(Lang::En);
    assert_eq!(deeds.iter().map(|deed| deed.text.as_str()).collect::<Vec<_>>(), ["n3 is paused."]);
}

#[test]
fn a_deleted_branch_comes_back_and_the_last_one_stays() {
    let mut player = player();
    assert_eq!(run(&mut player, Command::Delete(0)).notice, Some(Notice::NothingThere));
    run(&mut player, Command::SeekTo(300));
    run(&mut player, Command::Step(-100));
    run(&mut player, crash());
    run(&mut player, Command::Rename(1, "mine".to_owned()));
    let deleted = run(&mut player, Command::Delete(1));
    assert_eq!(deleted.notice, Some(Notice::Deleted { branch: 1, name: "mine".to_owned() }));
    let shown = |player: &Player| {
        let branches = player.bench().branches();
        branches.iter().map(|branch| (branch.id, branch.current)).collect::<Vec<_>>()
    };
    assert_eq!(shown(&player), [(0, true)]);
    run(&mut player, Command::Switch(1));
    assert_eq!(shown(&player), [(0, true)], "what is deleted cannot be shown");
    run(&mut player, Command::Restore(1));
    assert_eq!(shown(&player), [(0, true), (1, false)]);
}

#[test]
fn two_branches_are_compared_at_the_moment_of_the_cursor() {
    let mut player = player();
    run(&mut player, Command::SeekTo(1_200));
    run(&mut player, Command::SeekTo(600));
    run(&mut player, crash());
    run(&mut player, Command::SeekTo(900));
    let compared = player.bench_mut().compare(0, Lang::En).unwrap();
    assert_eq!(compared.common_steps, 600);
    let first = compared.first.map(|sentence| sentence.unwrap());
    assert_eq!((first[0].step, first[0].text.as_str()), (601, "n2 crashes."));
    assert_ne!(first[1].text, first[0].text);
    let role = compared.differences.iter().find(|one| one.party == "n2" && one.field == "role").unwrap();
    assert_eq!(role.values[0], "crashed");
    let up = compared.stages.map(|stage| stage.parties[1].up);
    assert_eq!(up, [false, true]);
}

#[test]
fn the_cone_of_a_step_is_what_led_to_it_and_what_came_of_it() {
    let mut player = player();
    run(&mut player, Command::SeekTo(2_000));
    let cone = player.bench().cone(900);
    assert_eq!((cone.past.last(), cone.future.first()), (Some(&900), Some(&900)));
    for led in &cone.past {
        assert!(player.bench().cone(*led).future.contains(&900), "step {led}");
    }
    for came in &cone.future {
        assert!(player.bench().cone(*came).past.contains(&900), "step {came}");
    }
}

/// Three nodes that elect a leader and are asked for nothing: after that there are heartbeats, for ever.
fn idle_player() -> Player {
    let idle = r#"{"format":1,"protocol":"raft","setup":{"nodes":3,"clients":0}}"#;
    let mut player = Player::new(crate::scene::open(idle).ok().unwrap());
    player.set_glides(false);
    player
}

#[test]
fn where_no_milestone_lies_ahead_it_is_said_and_nothing_is_recorded() {
    let mut player = idle_player();
    let notices = (0..100).map(|_| run(&mut player, Command::Milestone { forward: true }).notice);
    assert_eq!(notices.flatten().next(), Some(Notice::NoMilestone));
    let (cursor, recorded) = (player.bench().cursor(), player.bench().recorded());
    assert!(cursor > 0);
    assert_eq!(cursor, recorded, "as far as the last milestone, and no further");
    let again = run(&mut player, Command::Milestone { forward: true });
    assert_eq!((again.notice, again.recorded), (Some(Notice::NoMilestone), false));
    assert_eq!((player.bench().cursor(), player.bench().recorded()), (cursor, recorded));
}

/// Plays for so many frames, or until something is said.
fn play(player: &mut Player, frames: u32) -> Option<Notice> {
    run(player, Command::Play);
    (0..frames).find_map(|_| player.tick(FRAME_US).notice)
}

#[test]
fn playing_stops_where_nothing_more_comes_and_goes_on_if_somebody_wants_that() {
    let mut player = idle_player();
    run(&mut player, Command::Slowdown(2));
    assert_eq!(play(&mut player, 1_200), Some(Notice::NothingMore));
    assert!(!player.is_playing());
    assert_eq!(player.bench().milestone_ahead(), None);
    let last = player.bench().cursor();

    assert_eq!(play(&mut player, 600), None);
    assert!(player.is_playing() && player.bench().cursor() > last);

    // From the start it is a run like the first time.
    run(&mut player, Command::First);
    assert_eq!(play(&mut player, 1_200), Some(Notice::NothingMore));
}

#[test]
fn playing_goes_on_through_a_quiet_stretch_before_something_comes() {
    let late = r#"{"format":1,"protocol":"raft","setup":{"nodes":3,"clients":0,
        "script":[{"at_us":9000000,"act":{"lose_disk":{"node":2}}}]}}"#;
    let Ok(bench) = crate::scene::open(late) else { panic!("a scenario with a script") };
    let mut player = Player::new(bench);
    run(&mut player, Command::Slowdown(2));
    assert_eq!(play(&mut player, 1_080), None);
    assert!(player.bench().now_us() > 8_900_000);
}
