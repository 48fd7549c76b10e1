//! The two tables of the policy, arm by arm.

use policy::plan::policy::{
    Fitting, Goal, Hold, Interim, Leaving, Purchase, StatusForDeletion, TermState, goal, why_not_deleted,
};

use crate::scene::at;

#[test]
fn each_arm_of_the_goal() {
    let arn = |name: &str| name.to_owned();
    let interim = |may_be_given_up| Some(Interim { arn: arn("i"), may_be_given_up, unseen: false });
    let unseen = || Some(Interim { arn: arn("i"), may_be_given_up: true, unseen: true });
    let meanwhile = |interim| Goal::Meanwhile { coming: arn("c"), interim };
    let make_do = |interim| Goal::MakeDo { interim };
    for (wanted, interim, expected) in [
        (None, None, Goal::Off),
        (None, interim(true), Goal::Off),
        (Some(Fitting::InService(arn("s"))), interim(false), Goal::Serve(arn("s"))),
        (Some(Fitting::Unseen(arn("u"))), interim(false), Goal::Hold(arn("u"))),
        (Some(Fitting::Creating(arn("c"))), None, meanwhile(None)),
        (Some(Fitting::Creating(arn("c"))), interim(true), meanwhile(Some(arn("i")))),
        (Some(Fitting::Creating(arn("c"))), unseen(), Goal::Await),
        (Some(Fitting::Nothing(Purchase::NoRoom)), unseen(), Goal::Await),
        (Some(Fitting::Nothing(Purchase::Refused)), unseen(), Goal::Await),
        (Some(Fitting::InService(arn("s"))), unseen(), Goal::Serve(arn("s"))),
        (Some(Fitting::Nothing(Purchase::UnderWay)), None, Goal::Await),
        (Some(Fitting::Nothing(Purchase::UnderWay)), interim(true), Goal::Await),
        (Some(Fitting::Nothing(Purchase::NoRoom)), None, make_do(None)),
        (Some(Fitting::Nothing(Purchase::NoRoom)), interim(true), make_do(None)),
        (Some(Fitting::Nothing(Purchase::NoRoom)), interim(false), make_do(Some(arn("i")))),
        (Some(Fitting::Nothing(Purchase::Refused)), None, make_do(None)),
        (Some(Fitting::Nothing(Purchase::Refused)), interim(true), make_do(Some(arn("i")))),
    ] {
        assert_eq!(goal(wanted.clone(), interim.clone()), expected, "{wanted:?} {interim:?}");
    }
}

#[test]
fn what_each_goal_means() {
    let (a, b) = ("a".to_owned(), "b".to_owned());
    let meanwhile = Goal::Meanwhile { coming: a.clone(), interim: Some(b.clone()) };
    let make_do = Goal::MakeDo { interim: Some(b.clone()) };
    // Target, coming, whether a stays, whether b stays, whether nothing moves, whether it replaces.
    for (goal, target, coming, stays, nothing_moves, replaces) in [
        (Goal::Off, None, None, (false, false), false, false),
        (Goal::Serve(a.clone()), Some(&a), Some(&a), (true, false), false, true),
        (Goal::Hold(a.clone()), Some(&a), Some(&a), (true, true), true, false),
        (meanwhile, Some(&b), Some(&a), (true, true), false, false),
        (Goal::Await, None, None, (true, true), true, false),
        (make_do, Some(&b), None, (false, true), false, false),
        (Goal::MakeDo { interim: None }, None, None, (false, false), false, false),
    ] {
        assert_eq!((goal.target(), goal.coming()), (target, coming), "{goal:?}");
        assert_eq!((goal.stays(&a), goal.stays(&b)), stays, "{goal:?}");
        assert_eq!((goal.nothing_moves(), goal.replaces()), (nothing_moves, replaces), "{goal:?}");
    }
}

/// What has been left by all, has drained, and may go.
const FREE: Leaving = Leaving {
    named: false,
    in_doubt: false,
    left: true,
    drained: None,
    status: StatusForDeletion::Other,
    term: TermState::None,
    irreplaceable: false,
    refused: false,
};

#[test]
fn each_arm_of_why_it_is_not_deleted() {
    let last = Leaving { term: TermState::LastMinutes, ..FREE };
    let everything = Leaving {
        in_doubt: true,
        drained: Some(at(1)),
        status: StatusForDeletion::Unseen,
        irreplaceable: true,
        refused: true,
        ..FREE
    };
    for (leaving, expected) in [
        (FREE, None),
        (Leaving { named: true, ..everything }, Some(Hold::Named)),
        (Leaving { named: true, ..last }, Some(Hold::Named)),
        (Leaving { in_doubt: true, left: false, ..last }, Some(Hold::NotLeft)),
        (Leaving { term: TermState::LastMinutes, ..everything }, None),
        (Leaving { status: StatusForDeletion::Updating, ..last }, None),
        (everything, Some(Hold::Unseen)),
        (Leaving { status: StatusForDeletion::Other, ..everything }, Some(Hold::NotLeft)),
        (Leaving { status: StatusForDeletion::Other, in_doubt: false, ..everything }, Some(Hold::Draining)),
        (Leaving { drained: Some(at(1)), ..FREE }, Some(Hold::Draining)),
        (Leaving { drained: Some(at(0)), ..FREE }, None),
        (Leaving { status: StatusForDeletion::Updating, term: TermState::Runs, ..FREE }, Some(Hold::Updating)),
        (Leaving { term: TermState::Runs, irreplaceable: true, ..FREE }, Some(Hold::Term)),
        (Leaving { irreplaceable: true, refused: true, ..FREE }, Some(Hold::Legacy)),
        (Leaving { refused: true, ..FREE }, Some(Hold::Refused)),
    ] {
        assert_eq!(why_not_deleted(&leaving, at(0)), expected, "{leaving:?}");
    }
}
