//! The pictures in docs/ are those that the program draws; with `WRITE_PICTURES` set, they are written.

use std::fs;
use std::path::Path;

use crate::{run_in, usage};

const PRICES: &str = "--timezone Europe/Berlin --input-price 3 --output-price 15 --unit-price 12 --term-price 9 --tokens-per-minute 100000";

#[test]
fn the_pictures_of_the_weeks_are_fresh_and_well_formed() {
    for name in ["office", "shop", "batch"] {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("advise-pictures");
        fs::create_dir_all(&directory).unwrap();
        let (svg, html) = (directory.join(format!("{name}.svg")), directory.join(format!("{name}.html")));
        let file = format!("{name}.csv");
        let mut words =
            vec!["advise", "--file", &file, "--svg", svg.to_str().unwrap(), "--html", html.to_str().unwrap()];
        words.extend(PRICES.split(' '));
        let call = run_in(&usage(), &words);
        assert_eq!(call.code, 0, "{}", call.err);
        let drawn = fs::read_to_string(&svg).unwrap();
        let tree = roxmltree::Document::parse(&drawn).unwrap();
        let cells = tree.descendants().filter(|node| node.tag_name().name() == "rect" && node.has_children());
        assert_eq!(cells.count(), 2 * 168, "a cell with a tooltip for each hour of two maps");
        let page = fs::read_to_string(&html).unwrap();
        assert!(page.contains(call.out.lines().next().unwrap()), "the verdict heads the page");
        assert!(!drawn.contains("http://") || drawn.matches("http").count() == 1, "nothing is fetched");
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/advise-{name}.svg"));
        if std::env::var_os("WRITE_PICTURES").is_some() {
            fs::write(&kept, &drawn).unwrap();
        }
        assert!(fs::read_to_string(&kept).unwrap() == drawn, "docs/advise-{name}.svg is stale: run `make pictures`");
    }
}
