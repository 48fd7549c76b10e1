//! What the service's own template holds, by its names.

use throughput_cli::document::{self, Node};

use crate::markdown::read;

/// `template.yaml`.
pub(crate) struct Template(Node);

impl Template {
    pub(crate) fn read() -> Self {
        Self(document::parse(&read("template.yaml")).unwrap().remove(0))
    }

    /// The names in a section.
    pub(crate) fn names(&self, section: &str) -> Vec<String> {
        self.section(section).iter().map(|(name, _)| name.text().unwrap().to_owned()).collect()
    }

    /// The names of the resources whose type is among `kinds`.
    pub(crate) fn of_types(&self, kinds: &[&str]) -> Vec<String> {
        let resources = self.section("Resources").iter();
        let fitting = resources.filter(|(_, resource)| kinds.contains(&resource.get("Type").unwrap().text().unwrap()));
        fitting.map(|(name, _)| name.text().unwrap().to_owned()).collect()
    }

    /// The default of a parameter.
    pub(crate) fn default(&self, parameter: &str) -> String {
        let parameter = self.0.get("Parameters").unwrap().get(parameter).unwrap();
        parameter.get("Default").unwrap().text().unwrap().to_owned()
    }

    /// The ids of every statement in the policies of a role, and in the managed policies, which are all this role's.
    pub(crate) fn statements(&self, role: &str) -> Vec<String> {
        let properties = |resource: &Node| resource.get("Properties").unwrap().clone();
        let role = properties(self.0.get("Resources").unwrap().get(role).unwrap());
        let mut policies = role.get("Policies").unwrap().elements().to_vec();
        for name in self.of_types(&["AWS::IAM::ManagedPolicy"]) {
            policies.push(properties(self.0.get("Resources").unwrap().get(&name).unwrap()));
        }
        let statements = policies
            .iter()
            .flat_map(|policy| policy.get("PolicyDocument").unwrap().get("Statement").unwrap().elements());
        statements.map(|statement| statement.get("Sid").unwrap().text().unwrap().to_owned()).collect()
    }

    fn section(&self, section: &str) -> &[(Node, Node)] {
        self.0.get(section).unwrap().members()
    }
}
