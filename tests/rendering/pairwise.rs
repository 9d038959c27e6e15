//! Every possible pair of options, read and rendered.

use frazil::render::cluster::Cluster;
use frazil::render::hub_files;

use super::corpus::{CORPUS, checked, corpus};

#[test]
fn every_pair_of_options_is_read_without_complaint_and_rendered() {
    let corpus = corpus(|_| true);
    assert_eq!(corpus.len(), CORPUS);
    for choice in &corpus {
        let checked = checked(choice);
        let found: Vec<_> = checked.problems.iter().map(|problem| (problem.rule, &problem.message)).collect();
        assert!(found.is_empty(), "{found:?}\n{}", checked.text);
        let hub = checked.document.unwrap().hub;
        let cluster = Cluster::new(&hub).unwrap();
        let once = hub_files(&cluster).unwrap();
        assert_eq!(once.digest(), hub_files(&cluster).unwrap().digest());
    }
}
