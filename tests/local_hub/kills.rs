//! `kill -9` at random points of `up` and `down`: the next call heals.

use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::hub::{Hub, environment_is_there, files_below};
use crate::scratch;
use crate::skips::skipped;

/// A small generator of random numbers (`SplitMix64`; Steele, Lea and Flood, 2014), so that a failure can be run again.
struct Random(u64);

impl Random {
    /// From `FRAZIL_SEED`, or else from the clock; prints which.
    fn new() -> Self {
        let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let seed = std::env::var("FRAZIL_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| u64::try_from(clock()).unwrap());
        println!("FRAZIL_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Starts a verb and kills it, or a part of the hub, after some milliseconds.
fn kill_within(hub: &Hub, random: &mut Random, arguments: &[&str], longest: u64) {
    let program = assert_cmd::cargo::cargo_bin("frazil");
    let prepared = hub.machine.frazil();
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).current_dir(hub.machine.path());
    for (name, value) in prepared.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let mut running = command.spawn().unwrap();
    let delay = Duration::from_millis(random.below(longest));
    std::thread::sleep(delay);
    let victims = ["frazil", "frazil", "proxy", "hub", "gateway", "report"];
    let victim = victims[usize::try_from(random.below(6)).unwrap()];
    println!("{arguments:?} after {delay:?}: kill {victim}");
    match victim {
        "frazil" => running.kill().unwrap(),
        part => hub.kill(part),
    }
    running.wait().unwrap();
}

#[test]
fn twenty_kills_of_up_and_down_are_healed() {
    if !environment_is_there() {
        return;
    }
    let mut random = Random::new();
    let hub = Hub::new("killed");
    hub.up();
    hub.json(["down"]);
    for round in 0..10 {
        kill_within(&hub, &mut random, &["up"], 3_500);
        hub.up();
        assert_eq!(hub.status()["missing"], json!([]));
        assert_eq!(hub.up()["started"], json!([]), "healed means that nothing is left to do");
        if round % 2 == 0 {
            hub.start_server();
        }
        let down: &[&str] =
            if random.below(2) == 0 { &["down"] } else { &["down", "--data", "--confirm", "killed"] };
        kill_within(&hub, &mut random, down, 1_000);
        hub.json(["down"]);
        assert_eq!(hub.processes(), 0);
    }
    hub.remove();
    assert_eq!(files_below(&hub.machine.path().join("data")).len(), 0);
    assert_eq!(files_below(&hub.machine.path().join("state")).len(), 0);
}

#[test]
fn kills_while_the_environment_is_filled_are_healed() {
    if std::env::var_os("FRAZIL_LONG").is_none() {
        skipped("fills the environment anew; runs with FRAZIL_LONG=1");
        return;
    }
    let mut random = Random::new();
    let hub = Hub::new("filling");
    let cache = hub.machine.path().join("cache");
    for longest in [4_000, 30_000] {
        let mut command = hub.machine.frazil();
        command.env("XDG_CACHE_HOME", &cache).arg("up");
        let delay = Duration::from_millis(random.below(longest));
        let killed = command.timeout(delay).output().unwrap();
        assert!(!killed.status.success(), "killed after {delay:?}");
    }
    let healed = hub.machine.frazil().env("XDG_CACHE_HOME", &cache).arg("up").output().unwrap();
    assert!(healed.status.success(), "{}", scratch::stderr(&healed));
    hub.remove();
}
