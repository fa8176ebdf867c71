//! Apps: the calls on apps themselves. Who has them is in `apps/users` and `apps/groups`.

mod groups;
mod model;
mod users;

use serde_json::{Value, json};

use super::filter::{self, Expr, Op};
use super::{Org, error, page};
use crate::http::{Answer, Ask, Reply};

pub(crate) use model::{App, Apps, Pushes};
pub(super) use users::{has, held, note_changes, settle};

/// Everything below `/apps`.
pub(super) fn route(org: &mut Org, ask: &Ask, below: &[&str]) -> Reply {
    match (ask.method.as_str(), below) {
        ("GET", []) => list(org, ask),
        ("POST", []) => create(org, ask),
        ("GET", [app]) => get(org, ask, app),
        ("PUT", [app]) => replace(org, ask, app),
        ("DELETE", [app]) => delete(org, ask, app),
        ("POST", [app, "lifecycle", action @ ("activate" | "deactivate")]) => {
            lifecycle(org, ask, app, action)
        }
        (_, [app, "users", below @ ..]) => users::route(org, ask, app, below),
        (_, [app, "groups", below @ ..]) => groups::route(org, ask, app, below),
        ("PATCH" | "DELETE", []) | ("PATCH" | "POST", [_]) => Err(error::wrong_method()),
        _ => Err(ask.not_modelled("the call")),
    }
}

/// Every app with the people who have it, for a test to look at.
pub(super) fn state(org: &Org) -> Value {
    let with_users = |app: &App| {
        let mut state = app.body();
        state["users"] = users::state(org, app);
        state
    };
    org.apps.iter().map(with_users).collect()
}

fn named(org: &Org, id: &str) -> Result<App, Answer> {
    org.apps.find(id).cloned().ok_or_else(|| error::not_found(id, "AppInstance"))
}

fn app_target(app: &App) -> Value {
    json!({
        "id": app.id, "type": "AppInstance", "alternateId": app.label(), "displayName": app.label(),
        "detailEntry": null,
    })
}

/// `GET /apps`
fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["q", "filter", "expand", "includeNonDeleted", "after", "limit"])?;
    let everything = super::flag(ask, "includeNonDeleted", false)?;
    let limit = page::limit(ask, 20, 200)?;
    let wanted = Wanted::of(ask)?;
    let begins = ask.query.text("q").unwrap_or_default().to_lowercase();
    let user = expanded(ask)?;
    let rows = org.apps.iter().filter(|app| {
        let named = [app.label(), app.name()].iter().any(|text| text.to_lowercase().starts_with(&begins));
        let in_use = everything || app.is_active() || matches!(wanted, Wanted::Field(..));
        named && in_use && wanted.fits(org, app)
    });
    page::by_key(ask, rows.map(|app| (app.key, app)), limit, |app| shown(org, ask, app, user.as_deref()))
}

/// The one expression of a filter.
enum Wanted {
    All,
    Field(String, Value),
    User(String),
    Group(String),
}

impl Wanted {
    fn of(ask: &Ask) -> Result<Self, Answer> {
        let Some(text) = ask.query.text("filter") else { return Ok(Self::All) };
        let refused = |why: &str| error::bad_filter(text, why);
        match filter::parse(text).map_err(|why| refused(&why))? {
            Expr::Test { attribute, op: Op::Eq, value } => {
                let id = || value.as_str().unwrap_or_default().to_owned();
                match attribute.as_str() {
                    "user.id" => Ok(Self::User(id())),
                    "group.id" => Ok(Self::Group(id())),
                    "id" | "status" | "name" => Ok(Self::Field(attribute, value)),
                    "credentials.signing.kid" | "settings.slo.enabled" => {
                        Err(ask.not_modelled("a filter by keys or logout"))
                    }
                    _ => Err(refused("the attribute is not supported")),
                }
            }
            _ => Err(refused("only one eq expression is supported")),
        }
    }

    fn fits(&self, org: &Org, app: &App) -> bool {
        match self {
            Self::All => true,
            Self::Field(name, value) => app.body()[name.as_str()] == *value,
            Self::User(id) => {
                org.users.find(id).is_some_and(|user| users::assignment(org, app.key, user).is_some())
            }
            Self::Group(id) => {
                org.groups.find(id).is_some_and(|group| org.apps.group(app.key, group.key).is_some())
            }
        }
    }
}

/// The user in `expand=user/{id}`.
fn expanded(ask: &Ask) -> Result<Option<String>, Answer> {
    match ask.query.text("expand").map(|text| text.strip_prefix("user/")) {
        None => Ok(None),
        Some(Some(user)) => Ok(Some(user.to_owned())),
        Some(None) => Err(ask.not_modelled("this expand")),
    }
}

fn shown(org: &Org, ask: &Ask, app: &App, user: Option<&str>) -> Value {
    let mut body = app.with_links(&ask.base);
    let user = user.and_then(|user| org.users.find(user));
    if let Some(assignment) = user.and_then(|user| users::assignment(org, app.key, user)) {
        body["_embedded"] = json!({"user": assignment.shown(org, ask, app)});
    }
    body
}

/// `GET /apps/{id}`
fn get(org: &Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&["expand"])?;
    let user = expanded(ask)?;
    Ok(Answer::json(200, &shown(org, ask, &named(org, id)?, user.as_deref())))
}

/// `POST /apps`
fn create(org: &mut Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["activate"])?;
    let active = super::flag(ask, "activate", true)?;
    let body = super::object(ask)?;
    let app = App::wanted(org.ids.okta("0oa"), &body, active, ask.at)?;
    let app = org.apps.save(app);
    org.note(ask, "application.lifecycle.create", "Create application", vec![app_target(&app)]);
    Ok(Answer::json(200, &app.with_links(&ask.base)))
}

/// `PUT /apps/{id}`: what Okta assigns stays, whatever the body says.
fn replace(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let old = named(org, id)?;
    let body = super::object(ask)?;
    let new = App::wanted(old.id.clone(), &body, old.is_active(), ask.at)?;
    let app = org.apps.save(old.replaced_by(new));
    org.note(ask, "application.lifecycle.update", "Update application", vec![app_target(&app)]);
    Ok(Answer::json(200, &app.with_links(&ask.base)))
}

/// `DELETE /apps/{id}`: an inactive one only.
fn delete(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let app = named(org, id)?;
    if app.is_active() {
        return Err(error::error(403, "E0000056", "Delete application forbidden.", &[]));
    }
    org.apps.remove(&app);
    org.note(ask, "application.lifecycle.delete", "Delete application", vec![app_target(&app)]);
    Ok(Answer::empty(204))
}

/// `POST /apps/{id}/lifecycle/{action}`
fn lifecycle(org: &mut Org, ask: &Ask, id: &str, action: &str) -> Reply {
    ask.only_parameters(&[])?;
    let mut app = named(org, id)?;
    app.set_active(action == "activate", ask.at);
    let app = org.apps.save(app);
    let event = format!("application.lifecycle.{action}");
    org.note(ask, &event, &format!("{action} application"), vec![app_target(&app)]);
    Ok(Answer::json(200, &json!({})))
}

/// `GET /groups/{id}/apps`
pub(super) fn of_group(org: &Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&["after", "limit"])?;
    let group = super::groups::named(org, id)?;
    let rows = org.apps.iter().filter(|app| org.apps.group(app.key, group.key).is_some());
    page::by_key(ask, rows.map(|app| (app.key, app)), page::limit(ask, 20, 200)?, |app| {
        app.with_links(&ask.base)
    })
}

/// `GET /users/{id}/appLinks`: apps in use that people see.
pub(super) fn links(org: &Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&[])?;
    let user = super::users::named(org, name)?;
    let seen = org.apps.iter().filter(|app| app.is_active() && app.is_visible());
    let held = seen.filter(|app| users::assignment(org, app.key, &user).is_some());
    let link = |(order, app): (usize, &App)| {
        json!({
            "id": app.id, "label": app.label(), "linkUrl": format!("{}/home/{}/{}", ask.base, app.name(), app.id),
            "logoUrl": format!("{}/assets/img/logos/{}.png", ask.base, app.name()), "appName": app.name(),
            "appInstanceId": app.id, "appAssignmentId": format!("0ua{}", &user.id[3..]), "credentialsSetup": false,
            "hidden": false, "sortOrder": order,
        })
    };
    Ok(page::whole(ask, held.enumerate().map(link).collect()))
}
