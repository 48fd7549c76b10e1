//! Which declarations of these files cannot be registered beside one another?
//!
//! A name is one commitment's, and so is an alias or a parameter, in whichever file each is declared.

use std::collections::HashMap;

use crate::source::{Contents, Declaration, Finding, Kind, Level, Source};

/// A declaration that was read before.
struct Earlier {
    /// Which commitment it is.
    commitment: String,
    /// What to call it.
    label: String,
    conditional: bool,
}

/// Notes in each file what a file, or a declaration, before it has declared.
pub fn note(read: &mut [(Source, Contents)]) {
    let mut names: HashMap<String, String> = HashMap::new();
    let mut targets: HashMap<String, Earlier> = HashMap::new();
    for (source, contents) in read {
        let mut findings = Vec::new();
        for declaration in &contents.declarations {
            findings.extend(same_name(declaration, source, &mut names));
            same_targets(declaration, source, &mut targets, &mut findings);
        }
        contents.findings.extend(findings);
        contents.findings.sort_by_key(|finding| (finding.span.start, finding.span.end));
    }
}

fn same_name(declaration: &Declaration, source: &Source, names: &mut HashMap<String, String>) -> Option<Finding> {
    let Declaration { label, kind, commitment, span, .. } = declaration;
    if *kind != Kind::Bare || commitment.is_none() {
        return None;
    }
    let before = names.insert(label.clone(), source.path.clone())?;
    let place = if before == source.path { "above".to_owned() } else { format!("in {before}") };
    let message =
        format!("`{label}` is declared {place}, too; of one name the last would replace the others: rename one");
    Some(Finding { level: Level::Error, span: span.clone(), path: "Name".to_owned(), message })
}

fn same_targets(
    declaration: &Declaration,
    source: &Source,
    targets: &mut HashMap<String, Earlier>,
    findings: &mut Vec<Finding>,
) {
    let Declaration { label, kind, .. } = declaration;
    let of_stack = matches!(kind, Kind::Resource | Kind::Conditional | Kind::Request);
    let commitment = if of_stack { format!("{}: {label}", source.path) } else { label.clone() };
    let conditional = *kind == Kind::Conditional;
    for target in &declaration.targets {
        let Some(earlier) = targets.get(&target.what) else {
            let earlier =
                Earlier { commitment: commitment.clone(), label: format!("{label} of {}", source.path), conditional };
            targets.insert(target.what.clone(), earlier);
            continue;
        };
        if earlier.commitment == commitment {
            continue;
        }
        // Of two conditions one may exclude the other.
        let level = if conditional || earlier.conditional { Level::Warning } else { Level::Error };
        let message =
            format!("{} is declared by {}, too; one commitment alone may declare it", target.what, earlier.label);
        findings.push(Finding { level, span: target.span.clone(), path: target.path.clone(), message });
    }
}
