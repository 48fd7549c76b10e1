//! What only one commitment can declare: who takes it over, what that leaves to the other, and how it goes back (interface.md
//! section 4).

use policy::event::{read_stored, tick_input};
use policy::record::{AliasMemory, Claim, Lifecycle, Previous, Record, Resource, Stored, Taken};

use crate::{BASE, ONE, THREE, TWO, alias, at, declared, owing, parameter, record, request, resource};

fn of_alias(name: &str) -> Claim {
    Claim::Alias(alias(name))
}

fn of_parameter(name: &str) -> Claim {
    Claim::Parameter(parameter(name))
}

/// A record that declares an alias and a parameter, while others of both are leaving.
fn claiming() -> Record {
    let mut record = record(&[ONE]);
    record.commitment.parameter = Some(parameter("/declared"));
    record.leaving = vec![alias(TWO)];
    record.leaving_parameters.insert(parameter("/leaving"), BASE.to_owned());
    record
}

#[test]
fn what_is_declared_and_what_is_leaving_is_claimed_and_what_was_lost_is_looked_at_too() {
    let mut record = claiming();
    let claims = [of_alias(ONE), of_alias(TWO), of_parameter("/declared"), of_parameter("/leaving")];
    record.lost = vec![of_alias(THREE), of_parameter("/lost")];
    assert_eq!(record.claims().collect::<Vec<_>>(), claims);
    assert!(record.aliases_to_see().eq(&[alias(ONE), alias(TWO), alias(THREE)]));
    assert!(record.parameters_to_see().eq(&[parameter("/declared"), parameter("/leaving"), parameter("/lost")]));
    let declares = claims.map(|claim| (claim.to_string(), claim.is_of(&record.commitment)));
    let expected = [
        ("alias ABCDEFGHIJ/ALIAS00001", true),
        ("alias ABCDEFGHIJ/ALIAS00002", false),
        ("parameter /declared", true),
        ("parameter /leaving", false),
    ];
    assert_eq!(declares, expected.map(|(said, declared)| (said.to_owned(), declared)));
}

#[test]
fn what_was_lost_and_is_declared_again_is_lost_no_more() {
    let mut record = record(&[]);
    record.lost = vec![of_alias(ONE), of_alias(TWO), of_parameter("/lost")];
    record.declare(declared(&[ONE]));
    assert_eq!(record.lost, [of_alias(TWO), of_parameter("/lost")]);
}

#[test]
fn an_alias_that_is_taken_over_is_lost_everywhere() {
    let previous = Previous { commitment: declared(&[ONE, TWO]), by_hand: false, lifecycle: Lifecycle::Active };
    let mut record = owing("Update", Some(previous));
    record.declare(declared(&[ONE, THREE]));
    record.leaving = vec![alias(TWO), alias(ONE)];
    record.aliases.entry(alias(ONE)).or_default().rejecting = true;
    record.aliases.entry(alias(TWO)).or_default();
    let (lost, memories) = record.lose(|claim| *claim == Claim::Alias(alias(ONE)), at(7));
    assert_eq!(lost, [Claim::Alias(alias(ONE))]);
    assert_eq!(memories.keys().collect::<Vec<_>>(), [&alias(ONE)]);
    assert_eq!((&record.commitment.aliases, &record.leaving), (&vec![alias(THREE)], &vec![alias(TWO)]));
    assert_eq!(record.aliases.keys().collect::<Vec<_>>(), [&alias(TWO)]);
    assert_eq!((record.requested, record.revision), (at(7), 1));
    let previous = record.owed.and_then(|owed| owed.previous).expect("an earlier declaration");
    assert_eq!(previous.commitment.aliases, [alias(TWO)]);
}

#[test]
fn a_parameter_that_is_taken_over_is_lost_everywhere() {
    let taken = |claim: &Claim| [of_parameter("/declared"), of_parameter("/leaving")].contains(claim);
    let mut earlier = declared(&[]);
    earlier.parameter = Some(parameter("/declared"));
    let previous = Previous { commitment: earlier, by_hand: false, lifecycle: Lifecycle::Active };
    let mut record = Record { owed: owing("Update", Some(previous)).owed, ..claiming() };
    record.leaving_parameters.insert(parameter("/other"), BASE.to_owned());
    record.own_parameters.extend(record.all_parameters().cloned().collect::<Vec<_>>());
    let (lost, memories) = record.lose(taken, at(7));
    assert_eq!((lost, memories.len()), (vec![of_parameter("/declared")], 0));
    assert!(record.claims().eq([of_alias(ONE), of_alias(TWO), of_parameter("/other")]));
    assert!(record.own_parameters.iter().eq([&parameter("/other")]));
    let previous = record.owed.and_then(|owed| owed.previous).expect("an earlier declaration");
    assert_eq!(previous.commitment.parameter, None, "nor does it come back when the Update fails");
}

#[test]
fn what_others_took_is_remembered_declared_or_leaving() {
    let all = [of_alias(ONE), of_alias(TWO), of_parameter("/declared"), of_parameter("/leaving")];
    let mut record = claiming();
    record.lose(|claim| *claim != of_alias(ONE), at(7));
    assert_eq!(record.lost, all[1..]);
    assert_eq!(
        read_stored(&tick_input(&record)),
        Ok(Some(Stored::Record(Box::new(record)))),
        "as its schedule holds it"
    );
}

#[test]
fn what_goes_back_is_declared_again_and_a_parameter_only_where_no_other_stands() {
    let mut record = claiming();
    record.lose(|_| true, at(7));
    record.leaving = vec![alias(ONE), alias(TWO)];
    record.leaving_parameters.insert(parameter("/declared"), BASE.to_owned());
    record.regain(&of_alias(ONE));
    assert_eq!((&record.commitment.aliases, &record.leaving), (&vec![alias(ONE)], &vec![alias(TWO)]));
    record.regain(&of_parameter("/declared"));
    assert_eq!(record.commitment.parameter, Some(parameter("/declared")));
    assert!(record.leaving_parameters.is_empty());
    assert!(record.own_parameters.contains(&parameter("/declared")), "it was fit to be written");
    assert_eq!(record.lost, [of_alias(TWO), of_parameter("/leaving")], "what has not come back stays lost");
    assert_eq!(record.revision, 3, "one write each");
    record.regain(&of_parameter("/leaving"));
    assert_eq!(record.commitment.parameter, Some(parameter("/declared")), "one commitment has one parameter");
    assert_eq!(record.lost, [of_alias(TWO), of_parameter("/leaving")], "it may still lead to what is ours");
}

#[test]
fn what_was_taken_over_goes_back_when_it_is_not_used_any_more() {
    let taken = |name: &str| Taken { what: Claim::Alias(alias(name)), from: "other".to_owned(), requested: at(0) };
    let mut record = record(&[ONE]);
    assert!(record.to_give_back().is_empty());
    record.resource = Some(Resource { taken: vec![taken(ONE), taken(TWO)], ..resource(at(0)) });
    for (lifecycle, back) in [
        (Lifecycle::Active, vec![taken(TWO)]),
        (Lifecycle::Ended, vec![taken(TWO)]),
        (Lifecycle::Retiring, vec![taken(ONE), taken(TWO)]),
        (Lifecycle::Releasing, Vec::new()),
    ] {
        record.lifecycle = lifecycle;
        assert_eq!(record.to_give_back(), back, "{lifecycle:?}");
    }
}

#[test]
fn the_newest_request_is_known_by_its_date_and_its_id() {
    let request = request("Update");
    for (newest, request_id, is) in
        [(0, "Update", true), (-1, "Update", false), (1, "Update", false), (0, "Create", false)]
    {
        let known = Resource { request_id: request_id.to_owned(), ..resource(at(newest)) };
        assert_eq!(known.is_newest(&request), is, "{newest} {request_id}");
    }
}

#[test]
fn what_rejects_because_of_another_rejects_because_of_us_once_it_is_taken_over() {
    let mut record = claiming();
    record.aliases.entry(alias(TWO)).or_default().rejecting = true;
    let memory = |rejecting| AliasMemory { failed: None, rejecting };
    record.remember_rejecting([(alias(ONE), memory(true)), (alias(TWO), memory(false))].into());
    assert!(record.aliases[&alias(ONE)].rejecting && record.aliases[&alias(TWO)].rejecting);
}
