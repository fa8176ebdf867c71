//! People with names, jobs and managers, drawn from the seed.

use std::collections::HashSet;

use chrono::{Days, NaiveDate};
use fake::Fake;
use fake::faker::name::raw::{FirstName, LastName};
use fake::locales::EN;
use fake::rand::rngs::StdRng;
use fake::rand::{RngExt, SeedableRng};

pub(crate) const DOMAIN: &str = "acme.example";

/// A department, what its people are called, and how many of a hundred work there.
#[derive(Debug)]
pub(crate) struct Department {
    pub(crate) name: &'static str,
    pub(crate) titles: &'static [&'static str],
    pub(crate) code: &'static str,
    share: u32,
}

const fn department(
    name: &'static str,
    code: &'static str,
    share: u32,
    titles: &'static [&'static str],
) -> Department {
    Department { name, titles, code, share }
}

pub(crate) const DEPARTMENTS: [Department; 10] = [
    department(
        "Engineering",
        "ENG",
        34,
        &["Software Engineer", "Senior Software Engineer", "Staff Engineer", "QA Engineer", "Data Engineer"],
    ),
    department("Product", "PRD", 8, &["Product Manager", "Product Designer", "UX Researcher"]),
    department(
        "Sales",
        "SAL",
        14,
        &["Account Executive", "Sales Development Representative", "Solutions Engineer", "Account Manager"],
    ),
    department("Marketing", "MKT", 7, &["Content Strategist", "Growth Marketer", "Events Manager"]),
    department("Finance", "FIN", 6, &["Accountant", "Financial Analyst", "Payroll Specialist"]),
    department("People", "PPL", 5, &["People Partner", "Recruiter", "People Operations Specialist"]),
    department("Legal", "LEG", 3, &["Legal Counsel", "Paralegal", "Privacy Counsel"]),
    department("IT", "ITS", 6, &["IT Support Engineer", "Systems Administrator", "Identity Engineer"]),
    department("Support", "SUP", 11, &["Support Engineer", "Support Specialist", "Customer Success Manager"]),
    department(
        "Operations",
        "OPS",
        6,
        &["Operations Analyst", "Facilities Coordinator", "Procurement Specialist"],
    ),
];

/// Offices: name (also the city), country, country code, street, postal code.
pub(crate) const LOCATIONS: [(&str, &str, &str, &str, &str); 6] = [
    ("Oslo", "Norway", "NO", "Torggata 11", "0181"),
    ("London", "United Kingdom", "GB", "40 Worship Street", "EC2A 2EA"),
    ("Berlin", "Germany", "DE", "Torstrasse 49", "10119"),
    ("New York", "United States", "US", "215 Park Avenue South", "10003"),
    ("Austin", "United States", "US", "600 Congress Avenue", "78701"),
    ("Singapore", "Singapore", "SG", "71 Robinson Road", "068895"),
];

/// Somebody who works at the company, or is about to.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) login: String,
    pub(crate) title: String,
    /// Place in [`DEPARTMENTS`].
    pub(crate) department: usize,
    /// Place in the company; none for the chief executive.
    pub(crate) manager: Option<usize>,
    pub(crate) leads: bool,
    pub(crate) number: String,
    /// Place in [`LOCATIONS`].
    pub(crate) location: usize,
    pub(crate) hired: NaiveDate,
    pub(crate) contractor: bool,
}

impl Person {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    pub(crate) fn department(&self) -> &'static Department {
        &DEPARTMENTS[self.department]
    }
}

/// The people at work, and those who are to start.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) people: Vec<Person>,
    pub(crate) hires: Vec<Person>,
}

impl Company {
    pub(crate) fn draw(seed: u64, people: usize, hires: usize) -> Self {
        let mut draw = Draw {
            rng: StdRng::seed_from_u64(seed),
            logins: HashSet::new(),
            next: 10_001,
            teams: Default::default(),
        };
        let mut company = Self { people: Vec::with_capacity(people), hires: Vec::new() };
        for place in 0..people {
            let person = company.next_person(&mut draw, place);
            company.people.push(person);
        }
        for place in 0..hires {
            let hire = company.next_hire(&mut draw, place);
            company.hires.push(hire);
        }
        company
    }

    /// The chief executive, then a vice president for each department, then everybody else.
    fn next_person(&self, draw: &mut Draw, place: usize) -> Person {
        match place {
            0 => {
                Person { leads: true, ..draw.person(DEPARTMENTS.len() - 1, "Chief Executive Officer", None) }
            }
            1..=10 => {
                let title = format!("VP of {}", DEPARTMENTS[place - 1].name);
                Person { leads: true, ..draw.person(place - 1, &title, Some(0)) }
            }
            _ => self.next_of_staff(draw),
        }
    }

    /// Every ninth of a department leads the eight that follow.
    fn next_of_staff(&self, draw: &mut Draw) -> Person {
        let department = draw.department();
        let head = 1 + department;
        let (size, leader) = &mut draw.teams[department];
        *size += 1;
        if *size % 9 == 1 {
            *leader = Some(self.people.len());
            let title = format!("{} Manager", DEPARTMENTS[department].name);
            return Person { leads: true, ..draw.person(department, &title, Some(head)) };
        }
        let manager = leader.unwrap_or(head);
        let title = draw.title(department);
        let contractor = draw.rng.random_range(0..100) < 8;
        Person { contractor, ..draw.person(department, title, Some(manager)) }
    }

    /// The first is the one that examples talk about: a software engineer.
    fn next_hire(&self, draw: &mut Draw, place: usize) -> Person {
        let department = if place == 0 { 0 } else { draw.department() };
        let title = if place == 0 { DEPARTMENTS[0].titles[0] } else { draw.title(department) };
        let head = 1 + department;
        let manager = if head < self.people.len() { Some(head) } else { self.people.first().map(|_| 0) };
        draw.person(department, title, manager)
    }
}

struct Draw {
    rng: StdRng,
    logins: HashSet<String>,
    next: u32,
    /// For each department, how many of its staff there are and who leads the newest team.
    teams: [(usize, Option<usize>); DEPARTMENTS.len()],
}

impl Draw {
    fn person(&mut self, department: usize, title: &str, manager: Option<usize>) -> Person {
        let (first, last, login) = self.name();
        let number = self.next.to_string();
        self.next += 1;
        Person {
            first,
            last,
            login,
            title: title.to_owned(),
            department,
            manager,
            leads: false,
            number,
            location: self.rng.random_range(0..LOCATIONS.len()),
            hired: self.hired(),
            contractor: false,
        }
    }

    /// A name that nobody has yet; where the names run out, a number in the login tells them apart.
    fn name(&mut self) -> (String, String, String) {
        let mut attempt = 0;
        loop {
            let first: String = FirstName(EN).fake_with_rng(&mut self.rng);
            let last: String = LastName(EN).fake_with_rng(&mut self.rng);
            attempt += 1;
            let mark = if attempt > 20 { attempt.to_string() } else { String::new() };
            let login = format!("{}.{}{mark}@{DOMAIN}", letters(&first), letters(&last));
            if self.logins.insert(login.clone()) {
                return (first, last, login);
            }
        }
    }

    /// A day in the eight years before 2026-02-27. Fixed, so that one seed gives one company whatever
    /// the date.
    fn hired(&mut self) -> NaiveDate {
        let last = NaiveDate::from_ymd_opt(2026, 2, 27).unwrap_or_default();
        last - Days::new(self.rng.random_range(0..8 * 365))
    }

    fn department(&mut self) -> usize {
        let mut dice = self.rng.random_range(0..DEPARTMENTS.iter().map(|each| each.share).sum::<u32>());
        for (at, each) in DEPARTMENTS.iter().enumerate() {
            if dice < each.share {
                return at;
            }
            dice -= each.share;
        }
        0
    }

    fn title(&mut self, department: usize) -> &'static str {
        let titles = DEPARTMENTS[department].titles;
        titles[self.rng.random_range(0..titles.len())]
    }
}

/// A name as it stands in a login: `O'Connell` is `oconnell`.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase()
}
