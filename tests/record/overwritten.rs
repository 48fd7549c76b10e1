//! How do two records of one commitment stand to each other, and what does one learn from the other? (interface.md section 6)

use policy::commitment::ParameterName;
use policy::observed::ThroughputStatus;
use policy::record::{AliasMemory, Buying, Claim, Decision, Lifecycle, Previous, Record, Resource, Standing, Taken};

use crate::{BASE, ONE, THREE, TWO, alias, at, declared, owing, parameter, record, resource, throughput};

#[test]
fn of_two_records_the_newer_request_counts_and_of_a_stack_the_newer_date() {
    let ours = Record { requested: at(10), ..record(&[]) };
    assert_eq!(ours.standing(&ours.clone()), Standing::Same);
    let by = |requested, newest: Option<i64>| Record {
        requested: at(requested),
        revision: 7,
        resource: newest.map(|newest| resource(at(newest))),
        ..record(&[])
    };
    let cases = vec![
        (by(9, None), by(10, None), Standing::Overwritten),
        (Record { revision: 8, ..by(10, None) }, by(10, None), Standing::Newer),
        (by(11, None), by(10, None), Standing::Newer),
        // The dates of CloudFormation go before the order in which invocations came to write.
        (by(11, Some(4)), by(10, Some(5)), Standing::Overwritten),
        (by(9, Some(6)), by(10, Some(5)), Standing::Newer),
        (by(9, Some(5)), by(10, Some(5)), Standing::Overwritten),
        (Record { revision: 8, ..by(10, Some(5)) }, by(10, Some(5)), Standing::Newer),
        (by(11, Some(5)), by(10, Some(5)), Standing::Newer),
        (by(9, None), by(10, Some(5)), Standing::Overwritten),
        (by(11, Some(5)), by(10, None), Standing::Newer),
    ];
    for (stored, ours, standing) in cases {
        assert_eq!(ours.standing(&stored), standing, "{stored:?} against {ours:?}");
    }
}

#[test]
fn what_the_other_one_answered_to_the_same_request_is_taken_over_with_what_follows_from_it() {
    let earlier = || Previous { commitment: declared(&[TWO]), by_hand: false, lifecycle: Lifecycle::Active };
    let refused = || Some(Decision::Failed("no".to_owned()));
    let answered = |request: &str, answered: Option<Decision>| Record {
        resource: Some(Resource { request_id: request.to_owned(), answered, ..resource(at(0)) }),
        ..record(&[TWO])
    };
    let mut ours = owing("Update", Some(earlier()));
    for other in [answered("r", None), answered("another", refused()), record(&[TWO])] {
        assert!(!ours.absorb(&other) && ours.owed.is_some(), "{other:?}");
    }
    assert!(ours.absorb(&answered("r", refused())));
    assert_eq!((ours.owed.clone(), ours.resource.clone().and_then(|resource| resource.answered)), (None, refused()));
    assert_eq!(ours.commitment.aliases, [alias(TWO)], "an Update that failed puts back what was");
    assert!(!ours.absorb(&answered("r", Some(Decision::Success))), "nothing is owed any more");
    assert_eq!(ours.resource.and_then(|resource| resource.answered), refused());
}

#[test]
fn what_an_overwritten_record_had_not_seen_is_taken_over() {
    let mut ours = record(&[ONE]);
    ours.leaving = vec![alias(TWO)];
    ours.notice(&throughput("both", ThroughputStatus::InService, None), None, at(0));
    ours.notice(&throughput("gone there", ThroughputStatus::InService, None), None, at(0));
    ours.notice(&throughput("gone here", ThroughputStatus::InService, None), None, at(0));
    ours.forget_throughput("gone here");
    ours.revision = 3;
    let mut theirs = record(&[ONE, TWO, THREE]);
    for arn in ["both", "new", "gone there", "gone here"] {
        theirs.notice(&throughput(arn, ThroughputStatus::InService, None), None, at(1));
    }
    theirs.forget_throughput("gone there");
    theirs.aliases.entry(alias(ONE)).or_default().rejecting = true;
    theirs.buying.insert("x".to_owned(), Buying { since: at(5), missing: None });
    theirs.revision = 9;
    ours.absorb(&theirs);
    let held: Vec<&str> = ours.throughputs.iter().map(|held| held.arn.as_str()).collect();
    assert_eq!(held, ["both", "new"]);
    assert_eq!(ours.held("both").map(|held| held.first_seen), Some(at(0)), "what it knew itself stays");
    assert!(ours.is_gone("gone there") && ours.is_gone("gone here"));
    assert!(ours.aliases[&alias(ONE)].rejecting);
    assert_eq!(ours.leaving, [alias(TWO), alias(THREE)], "neither what is declared nor what leaves already, twice");
    assert_eq!((ours.buying["x"].since, ours.revision), (at(5), 9));
    ours.buying.insert("x".to_owned(), Buying { since: at(6), missing: None });
    ours.absorb(&Record { revision: 1, aliases: std::collections::BTreeMap::new(), ..theirs });
    assert!(ours.aliases[&alias(ONE)].rejecting && ours.buying["x"].since == at(6) && ours.revision == 9);
}

#[test]
fn what_an_overwritten_record_did_not_know_of_parameters_and_of_takeovers_is_taken_over() {
    let taken = |name: &str| Taken { what: Claim::Alias(alias(name)), from: "other".to_owned(), requested: at(0) };
    let (here, there) = (parameter("/here"), parameter("/there"));
    let leaving = |record: &mut Record, name: &str, value: &str| {
        record.leaving_parameters.insert(parameter(name), value.to_owned());
    };
    let mut ours = record(&[ONE]);
    ours.commitment.parameter = Some(here.clone());
    leaving(&mut ours, "/both", "ours");
    ours.lost = vec![Claim::Alias(alias(TWO))];
    ours.taking = vec![taken(TWO)];
    let mut theirs = record(&[]);
    theirs.commitment.parameter = Some(there.clone());
    for name in ["/here", "/both", "/left"] {
        leaving(&mut theirs, name, "theirs");
    }
    theirs.own_parameters.insert(there.clone());
    theirs.lost = vec![Claim::Alias(alias(ONE)), Claim::Alias(alias(TWO)), Claim::Parameter(there.clone())];
    theirs.taking = vec![taken(TWO), taken(THREE)];
    theirs.leaving = vec![alias(TWO)];
    theirs.aliases.insert(alias(TWO), AliasMemory { failed: None, rejecting: true });
    assert!(!ours.absorb(&theirs));
    assert!(ours.leaving.is_empty() && ours.aliases.is_empty(), "what was lost is not ours any more");
    let leaving: Vec<(&ParameterName, &str)> =
        ours.leaving_parameters.iter().map(|(name, value)| (name, value.as_str())).collect();
    let expected = [(&parameter("/both"), "ours"), (&parameter("/left"), "theirs"), (&there, BASE)];
    assert_eq!(leaving, expected, "all but what is declared here; what it knew itself stays");
    assert!(ours.own_parameters.contains(&there));
    assert_eq!(ours.lost, [Claim::Alias(alias(TWO)), Claim::Parameter(there)], "what is declared here is not lost");
    assert_eq!(ours.taking, [taken(TWO), taken(THREE)]);
}
