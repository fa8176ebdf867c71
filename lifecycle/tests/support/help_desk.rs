//! A help desk, and people who need it.

use lifecycle::HelpDesk;
use lifecycle::operation::self_service::Team;
use sandbox::{SignIn, Trouble};
use serde_json::Value;

use super::World;
use super::looking::text;

/// The rules of the sandbox company's help desk.
pub fn rules(world: &World) -> HelpDesk {
    HelpDesk::new(team(world, "Service Desk"), team(world, "Identity Operations"))
}

pub fn team(world: &World, name: &str) -> Team {
    let group = world.rows("sys_user_group").into_iter().find(|group| group["name"] == name);
    Team { group: text(&group.unwrap()["sys_id"]).parse().unwrap(), name: name.to_owned() }
}

/// Somebody's own ticket, from the portal.
pub struct OwnTicket {
    pub number: String,
    pub login: String,
}

/// The ticket of the person with this employee number, after a sign-in with a known device.
pub fn own_ticket(world: &World, employee_number: &str) -> OwnTicket {
    let login = user_name(world, |user| user["employee_number"] == employee_number);
    world.sandbox.sign_in_to_okta(&login, &SignIn::default()).unwrap();
    world.sandbox.clock().advance(std::time::Duration::from_secs(60));
    let trouble = Trouble { caller: login.clone(), ..Trouble::default() };
    OwnTicket { number: world.sandbox.add_trouble(&trouble).unwrap().number, login }
}

/// The user name of the manager of somebody.
pub fn manager_of(world: &World, login: &str) -> String {
    let person = world.rows("sys_user").into_iter().find(|user| user["user_name"] == login).unwrap();
    user_name(world, |user| user["sys_id"] == person["manager"])
}

pub fn user_name(world: &World, is: impl Fn(&Value) -> bool) -> String {
    text(&world.rows("sys_user").iter().find(|user| is(user)).unwrap()["user_name"])
}
