//! `attach_report` as a program.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod program;

use program::{Company, Ended, end};
use sandbox::{Effect, Fault};
use serde_json::json;
use servicenow_client::tables::SysUser;
use servicenow_client::{Query, ServiceNowClient};

fn attach(company: &Company, arguments: &[&str]) -> Ended {
    end(company.bare_example("attach_report").args(arguments))
}

fn servicenow(company: &Company) -> ServiceNowClient {
    let sandbox = &company.sandbox;
    ServiceNowClient::builder(sandbox.servicenow_url())
        .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
        .build()
        .unwrap()
}

/// The content of the files that the instance has.
async fn files(company: &Company) -> Vec<String> {
    let mut files = Vec::new();
    for row in company.rows("servicenow", "sys_attachment") {
        let id = row["sys_id"].as_str().unwrap().parse().unwrap();
        let content = servicenow(company).attachments().download(&id).await.unwrap().bytes().await.unwrap();
        files.push(String::from_utf8(content.to_vec()).unwrap());
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn it_attaches_its_report_once_and_again_when_somebody_came() {
    let company = Company::start().await;
    let ticket = company.hire();
    // An answer that is lost makes no second file.
    company.sandbox.add_fault(Fault::servicenow("POST", "/api/now/attachment/file", Effect::CutAfter));
    for how in ["attached", "was there already"] {
        let ended = attach(&company, &[]);
        assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
        assert!(
            ended.stdout.contains(&format!("group-members.csv at {}: {how}", ticket.number)),
            "{ended:?}"
        );
        assert!(ended.stdout.contains("proof: read back"), "{ended:?}");
    }
    let rows = company.rows("servicenow", "sys_user_grmember").len();
    let first = files(&company).await;
    assert_eq!((first.len(), first[0].lines().count()), (1, rows + 1));
    assert!(first[0].starts_with("group,login,name,title,active\n"));

    let (client, newcomer) = (servicenow(&company), json!({ "user_name": "new@acme.example" }));
    let user = client.table::<SysUser>().create(&newcomer).await.unwrap().sys_id;
    let group = &company.rows("servicenow", "sys_user_group")[0]["sys_id"];
    let member = json!({ "user": user, "group": group });
    client.records("sys_user_grmember").unwrap().create(&member).await.unwrap();
    let ended = attach(&company, &["--ticket", &ticket.number]);
    assert!(ended.stdout.contains(": attached"), "{ended:?}");
    assert_eq!(files(&company).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begins_like_a_formula_is_text_and_a_quote_stays_in_its_cell() {
    let company = Company::start().await;
    let ticket = company.hire();
    let client = servicenow(&company);
    let member = &company.rows("servicenow", "sys_user_grmember")[0];
    let fields = json!({ "title": "=cmd|' /C calc'!A0", "last_name": "O\"Brien, \"Bob\"\nroot" });
    let user = member["user"].as_str().unwrap().parse().unwrap();
    client.table::<SysUser>().update(&user, &fields).await.unwrap();
    let group = client.records("sys_user_group").unwrap();
    let group =
        group.find_one(Query::new().eq("sys_id", member["group"].as_str().unwrap())).await.unwrap().unwrap();
    let ended = attach(&company, &["--ticket", &ticket.number, "--group", &group.text("name").unwrap()]);
    assert_eq!(ended.status, 0, "{ended:?}");
    let file = &files(&company).await[0];
    assert!(file.contains(",'=cmd|' /C calc'!A0,"), "{file}");
    assert!(file.contains("O\"\"Brien, \"\"Bob\"\"\nroot\""), "{file}");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_view_makes_no_report() {
    let company = Company::start().await;
    let ticket = company.hire();
    let member = &company.rows("servicenow", "sys_user_grmember")[0];
    let hidden = format!("sys_id={}", member["sys_id"].as_str().unwrap());
    company.sandbox.change_habits(|habits| {
        habits.hidden_rows = [("sys_user_grmember".to_owned(), hidden)].into();
    });
    let ended = attach(&company, &["--ticket", &ticket.number]);
    assert_eq!(ended.status, 1);
    assert!(ended.stderr.contains("memberships: no report"), "{}", ended.stderr);
    assert_eq!(company.rows("servicenow", "sys_attachment").len(), 0);
}
