//! The company as a ServiceNow instance knows it.

mod access;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::company::{Company, DEPARTMENTS, DOMAIN, LOCATIONS, Person};
use super::morning;
use crate::access_request;
use crate::moves;
use crate::offboarding;
use crate::onboarding::{self, ITEM_NAME, OnboardingRequest, VARIABLES};
use crate::servicenow::catalog::FULFILMENT_GROUP;
use crate::servicenow::dictionary;
use crate::servicenow::schema::{self, CHOICES, OLD_CLOSE_CODES};
use crate::servicenow::store::{Author, record};
use crate::servicenow::{Instance, Record};

const ACCESS_ITEM: &str = "Application access";

/// Name, question, type number, mandatory, referenced table.
const ACCESS_QUESTIONS: [(&str, &str, &str, bool, &str); 7] = [
    ("application", "Which application?", "5", true, ""),
    ("justification", "What for?", "2", true, ""),
    ("about_costs", "Your department is charged", "11", false, ""),
    ("colleague", "Who has the same access already?", "8", false, "sys_user"),
    ("notify", "Tell me when it is done", "7", false, ""),
    ("pin", "A PIN for the first sign-in", "25", false, ""),
    ("integration_key", "Key of the integration", "6", false, ""),
];

const PRODUCER: &str = "Report an access problem";

const PRODUCER_QUESTIONS: [(&str, &str, &str, bool, &str); 2] = [
    ("short_description", "What does not work?", "6", true, ""),
    ("urgency", "How urgent is it?", "5", false, ""),
];

pub(crate) fn fill(instance: &mut Instance, company: &Company, now: DateTime<Utc>) {
    let set_up = morning(chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap_or_default());
    let mut writer = Writer { instance, author: Author { user_name: "admin".to_owned(), at: set_up } };
    writer.base_system();
    writer.roles();
    let acme =
        writer.insert("core_company", record([("name", "Acme"), ("city", "Oslo"), ("country", "Norway")]));
    let departments = writer.departments(&acme);
    let locations = writer.locations();
    let people = writer.people(company, &Places { company: acme, departments, locations });
    writer.integration_user();
    writer.groups(company, &people);
    writer.roles_of_people(company, &people);
    writer.delegate(&people);
    writer.catalog();
    writer.dictionary();
    for hire in &company.hires {
        let manager = hire.manager.and_then(|at| people.get(at)).cloned();
        onboarding::order(writer.instance, &request(hire, manager), now);
    }
    writer.more_of_the_catalog();
}

fn request(hire: &Person, manager: Option<String>) -> OnboardingRequest {
    let mailbox = hire.login.split('@').next().unwrap_or_default();
    OnboardingRequest {
        first_name: Some(hire.first.clone()),
        last_name: Some(hire.last.clone()),
        personal_email: Some(format!("{mailbox}@mail.example")),
        employee_number: Some(hire.number.clone()),
        department: Some(hire.department().name.to_owned()),
        title: Some(hire.title.clone()),
        manager,
        location: Some(LOCATIONS[hire.location].0.to_owned()),
        employment_type: Some("employee".to_owned()),
        start_date: Some("today".to_owned()),
        end_date: None,
    }
}

/// Where people work.
struct Places {
    company: String,
    departments: Vec<Department>,
    locations: Vec<String>,
}

struct Department {
    sys_id: String,
    cost_center: String,
}

struct Writer<'a> {
    instance: &'a mut Instance,
    author: Author,
}

impl Writer<'_> {
    /// Inserts through the normal write path. The seed breaks no rule of the instance, so nothing is
    /// refused.
    fn insert(&mut self, table: &str, row: Record) -> String {
        let schema = schema::find(table);
        schema.and_then(|table| self.instance.insert(table, row, &self.author).ok()).unwrap_or_default()
    }

    fn base_system(&mut self) {
        let old = ("incident", "close_code", OLD_CLOSE_CODES);
        for (table, element, choices) in CHOICES.iter().copied().chain([old]) {
            for (sequence, (value, label)) in choices.iter().enumerate() {
                let sequence = sequence.to_string();
                let mut row =
                    record([("name", table), ("element", element), ("value", value), ("label", label)]);
                row.extend(record([("sequence", &sequence), ("language", "en"), ("inactive", "false")]));
                self.insert("sys_choice", row);
            }
        }
        for (name, value) in [
            ("glide.buildname", "Australia"),
            ("glide.buildtag.last", "glide-australia-02-11-2026__patch1"),
            ("glide.invalid_query.returns_no_rows", "false"),
        ] {
            self.insert("sys_properties", record([("name", name), ("value", value)]));
        }
    }

    /// What the instance knows of its own tables.
    fn dictionary(&mut self) {
        let mut ids: BTreeMap<&str, String> = BTreeMap::new();
        for (table, mut row) in dictionary::tables() {
            if let Some(base) = table.base.and_then(|base| ids.get(base)) {
                row.extend(record([("super_class", base.as_str())]));
            }
            ids.insert(table.name, self.insert("sys_db_object", row));
        }
        for row in dictionary::columns() {
            self.insert("sys_dictionary", row);
        }
    }

    fn departments(&mut self, company: &str) -> Vec<Department> {
        let mut department = |each: &super::company::Department| {
            let code = format!("CC-{}", each.code);
            let center = record([("name", each.name), ("code", &code)]);
            let cost_center = self.insert("cmn_cost_center", center);
            let mut row = record([("name", each.name), ("id", each.code), ("company", company)]);
            row.extend(record([("cost_center", &cost_center)]));
            Department { sys_id: self.insert("cmn_department", row), cost_center }
        };
        DEPARTMENTS.iter().map(&mut department).collect()
    }

    fn locations(&mut self) -> Vec<String> {
        let row = |(city, country, _, street, zip): &(&str, &str, &str, &str, &str)| {
            record([("name", city), ("city", city), ("country", country), ("street", street), ("zip", zip)])
        };
        LOCATIONS.iter().map(|each| self.insert("cmn_location", row(each))).collect()
    }

    /// Everybody; the manager stands before the managed, so the reference is known.
    fn people(&mut self, company: &Company, places: &Places) -> Vec<String> {
        let mut ids: Vec<String> = Vec::with_capacity(company.people.len());
        for (place, person) in company.people.iter().enumerate() {
            let manager = person.manager.map_or(String::new(), |at| ids[at].clone());
            let department = &places.departments[person.department];
            let mut row = record([
                ("user_name", person.login.as_str()),
                ("first_name", &person.first),
                ("last_name", &person.last),
                ("email", &person.login),
                ("employee_number", &person.number),
                ("title", &person.title),
                ("department", &department.sys_id),
                ("location", &places.locations[person.location]),
                ("manager", &manager),
            ]);
            row.extend(record([("company", &places.company), ("cost_center", &department.cost_center)]));
            row.extend(record([("city", LOCATIONS[person.location].0), ("notification", "2")]));
            ids.push(self.insert("sys_user", row));
            if (1..=DEPARTMENTS.len()).contains(&place) {
                let head = record([("dept_head", &ids[place])]);
                let author = self.author.clone();
                let _ = self.instance.update("cmn_department", &department.sys_id, head, &author);
                let manager = record([("manager", &ids[place])]);
                let _ = self.instance.update("cmn_cost_center", &department.cost_center, manager, &author);
            }
        }
        ids
    }

    fn integration_user(&mut self) {
        let user_name = self.instance.username.clone();
        let mut row = record([
            ("user_name", user_name.as_str()),
            ("first_name", "Lifecycle"),
            ("last_name", "Integration"),
            ("email", &format!("lifecycle@{DOMAIN}")),
        ]);
        row.extend(record([
            ("web_service_access_only", "true"),
            ("internal_integration_user", "false"),
            ("identity_type", "Machine"),
            ("time_zone", "GMT"),
        ]));
        self.instance.user = self.insert("sys_user", row);
    }

    fn groups(&mut self, company: &Company, people: &[String]) {
        let operations = self.group(FULFILMENT_GROUP, "Fulfils requests about identities");
        let desk = self.group("Service Desk", "First line");
        let people_team = self.group("HR Operations", "Starts and ends employments");
        let user = self.instance.user.clone();
        self.member(&operations, &user);
        for (person, id) in company.people.iter().zip(people) {
            match person.department().name {
                "IT" if person.title == "Identity Engineer" || person.leads => self.member(&operations, id),
                "IT" => self.member(&desk, id),
                "People" => self.member(&people_team, id),
                _ => {}
            }
        }
    }

    fn group(&mut self, name: &str, description: &str) -> String {
        let group = self.insert("sys_user_group", record([("name", name), ("description", description)]));
        self.roles_of_group(name, &group);
        group
    }

    fn member(&mut self, group: &str, user: &str) {
        self.insert("sys_user_grmember", record([("group", group), ("user", user)]));
    }

    /// After everything else, so that nothing else's ids depend on it.
    fn more_of_the_catalog(&mut self) {
        let catalog = self.instance.rows("sc_catalog").next().map(|catalog| catalog.get("sys_id").to_owned());
        let catalog = catalog.unwrap_or_default();
        let mut item = record([("name", ACCESS_ITEM), ("active", "true"), ("sc_catalogs", &catalog)]);
        item.extend(record([("short_description", "Access to an application, for you or somebody else")]));
        let item = self.insert("sc_cat_item", item);
        let questions = self.questions(&item, &ACCESS_QUESTIONS);
        for (value, text) in [("crm", "Customer relations"), ("ledger", "General ledger"), ("wiki", "Wiki")] {
            let choice = record([("question", questions[0].as_str()), ("value", value), ("text", text)]);
            self.insert("question_choice", choice);
        }
        let mut producer = record([("name", PRODUCER), ("active", "true"), ("sc_catalogs", &catalog)]);
        producer.extend(record([("short_description", "Something about an account does not work")]));
        producer.extend(record([("sys_class_name", "sc_cat_item_producer")]));
        let producer = self.insert("sc_cat_item", producer);
        self.questions(&producer, &PRODUCER_QUESTIONS);
        let access = |name, description| (name, description, &access_request::VARIABLES[..]);
        let of_access = [
            access(access_request::ITEM_NAME, "Something that you may do for some time"),
            access(access_request::END_ITEM_NAME, "Somebody needs it no more"),
        ];
        for (name, description, variables) in
            of_access.into_iter().chain(moves::ITEMS).chain([offboarding::ITEM])
        {
            let mut item = record([("name", name), ("active", "true"), ("sc_catalogs", &catalog)]);
            item.extend(record([("short_description", description)]));
            let item = self.insert("sc_cat_item", item);
            self.questions(&item, variables);
        }
    }

    fn questions(&mut self, item: &str, questions: &[(&str, &str, &str, bool, &str)]) -> Vec<String> {
        let mut made = Vec::new();
        for (at, (name, question, kind, mandatory, reference)) in questions.iter().enumerate() {
            let order = ((at + 1) * 100).to_string();
            let mandatory = if *mandatory { "true" } else { "false" };
            let mut row =
                record([("name", name), ("question_text", question), ("type", kind), ("order", &order)]);
            row.extend(record([("mandatory", mandatory), ("reference", reference), ("cat_item", item)]));
            row.extend(record([("active", "true")]));
            made.push(self.insert("item_option_new", row));
        }
        made
    }

    fn catalog(&mut self) {
        let catalog = self.insert("sc_catalog", record([("title", "Service Catalog"), ("active", "true")]));
        let mut item = record([("name", ITEM_NAME), ("active", "true"), ("sc_catalogs", &catalog)]);
        item.extend(record([("short_description", "Accounts and access for a new colleague")]));
        let item = self.insert("sc_cat_item", item);
        self.questions(&item, &VARIABLES);
    }
}
