//! The pictures: what is foreseen is what comes to pass, and what stands in the documents is what the program prints.
//!
//! `make pictures` runs [`the_pictures_in_the_documents_are_those_of_the_program`] with `WRITE_PICTURES` set, which then writes them.

use std::fs;
use std::path::Path;

use rehearsal::picture::Cell;
use rehearsal::week::{Played, play, tokyo};
use throughput_cli::arguments::Day;
use throughput_cli::preview::Preview;
use throughput_cli::source::{self, Source};

use crate::{call, command};

async fn played() -> Played {
    play(&tokyo(), || {}).await.unwrap()
}

/// The preview differs in one thing. It calls all of the lead a warm-up, for nobody knows before how long AWS takes; the account
/// took 35 minutes of it, and the alias went to the throughput at once: from 07:35 on it is on. So the cells from 07:20 and from
/// 07:40 differ, on each of the four days with a window. Rows, marks, drain, signs and legend are the same.
#[tokio::test]
async fn a_week_looks_as_it_was_foreseen_but_for_what_aws_was_quicker_with() {
    let week = tokyo();
    let played = played().await;
    let declaration = Source { path: "tokyo.json".to_owned(), text: week.declared.to_string() };
    let declaration = source::read(&declaration).declarations.remove(0);
    let preview = Preview::new(&declaration, Some(Day::Date(week.first_day)), 7, jiff::Timestamp::UNIX_EPOCH).unwrap();
    let (foreseen, happened) = (preview.picture(), played.picture());
    assert_eq!(foreseen.days, happened.days);
    let on = Cell::On(1.try_into().unwrap());
    let mut differing = Vec::new();
    for day in foreseen.days {
        for (index, (foreseen, happened)) in
            foreseen.cells(day, 20).into_iter().zip(happened.cells(day, 20)).enumerate()
        {
            if foreseen != happened {
                assert_eq!((foreseen, happened), (Cell::WarmUp, on), "{} cell {index}", day.date);
                differing.push((day.date.strftime("%a").to_string(), index));
            }
        }
    }
    let mornings = ["Tue", "Wed", "Thu", "Fri"].map(|day| [(day.to_owned(), 22), (day.to_owned(), 23)]);
    assert_eq!(differing, mornings.concat());
    // The rest letter by letter: hours, labels, notes, legend.
    let foreseen = plain(&foreseen.drawn(None));
    assert!(
        ["h off: ", "d drain: ", "▒ warm-up: ", "█ on, 1 "].iter().all(|sign| foreseen.contains(sign)),
        "{foreseen}"
    );
    assert_eq!(foreseen.replace("▒▒▒█", "▒███"), plain(&happened.drawn(None)));
}

#[tokio::test]
async fn the_pictures_in_the_documents_are_those_of_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let [readme, reference, svg] = ["README.md", "docs/reference.md", "docs/week.svg"].map(|path| root.join(path));
    let [first, second] = [&readme, &reference].map(|path| fs::read_to_string(path).unwrap());
    let played = played().await;
    let week = format!("```\n{}\n  {}\n```", plain(&played.picture().drawn(None)), played.sums());
    let (preview, drawing) = previewed(&second);
    let image = "![The same week as `--svg` draws it: a row a day, warm-up hatched, sizes by height, the holiday framed]\
                 (week.svg)";
    let first = with_picture(&first, "week", &week);
    let second = with_picture(&with_picture(&second, "preview", &preview), "svg", image);
    for (path, after) in [(&readme, first), (&reference, second), (&svg, drawing)] {
        if std::env::var_os("WRITE_PICTURES").is_some() {
            fs::write(path, &after).unwrap();
        }
        let stands = fs::read_to_string(path).unwrap();
        assert!(stands == after, "{} has another picture: run `make pictures`\n{after}", path.display());
    }
}

/// What the command prints and draws for the `support.yaml` that stands in `document`; of the transitions only the first, and
/// an ellipsis.
fn previewed(document: &str) -> (String, String) {
    let (_, declared) = document.split_once("```yaml\nName: support-agent\n").unwrap();
    let (declared, _) = declared.split_once("```").unwrap();
    let folder = std::env::temp_dir().join(format!("throughput-readme-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("support.yaml"), format!("Name: support-agent\n{declared}")).unwrap();
    let mut shown = command(&["preview", "support.yaml", "--from", "2026-11-23"]);
    let shown = call(shown.current_dir(&folder));
    let mut drawn = command(&["preview", "support.yaml", "--from", "2026-11-23", "--svg", "week.svg"]);
    assert_eq!((call(drawn.current_dir(&folder)).code, shown.code), (0, 0), "{}", shown.err);
    let drawing = fs::read_to_string(folder.join("week.svg")).unwrap();
    fs::remove_dir_all(folder).unwrap();
    let parts: Vec<&str> = shown.out.split("\n\n").collect();
    let [title, picture, transitions, sums] = parts.as_slice() else { panic!("other parts: {}", shown.out) };
    let first: Vec<&str> = transitions.lines().take(5).collect();
    let first = first.join("\n");
    let text = format!(
        "```\n$ throughput preview support.yaml --from 2026-11-23\n{title}\n\n{picture}\n\n{first}\n  …\n\n{sums}```"
    );
    (text, drawing)
}

/// `document` with `picture` in place of the one named `name`.
fn with_picture(document: &str, name: &str, picture: &str) -> String {
    let (begin, end) = (format!("<!-- picture: {name} -->\n"), "<!-- end of picture -->");
    let (before, rest) = document.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    format!("{before}{begin}{picture}\n{end}{after}")
}

/// `text` without its styles, as a pipe gets it.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
