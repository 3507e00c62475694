//! From 19 on what a contract says of an employee lives in `hr.version`, whose changes do not mark the employee.

use erp_sync_tests::odoo::{ADMIN_KEY, Odoo};
use erp_sync_tests::shop::Shop;
use serde_json::json;

use super::{cluster, with_cron};

const EMPLOYEE: &str = "select department_id, job_id, job_title from erp.employees where id = 1";

#[test]
fn a_contract_that_changes_alone_reaches_the_employee_with_the_daily_full_pass() {
    let cluster = cluster("contracts");
    let mut shop = with_cron(Shop::reading(&cluster, "contracts", Odoo::start_as(19), "", ADMIN_KEY));
    shop.run("select sync_schedule()");
    // A change of today takes the position beyond the recorded ones, which are read again as long as they are near.
    shop.odoo.write("hr.employee", &[2], json!({}));
    shop.run("call sync_auto()");
    let before = shop.value(EMPLOYEE);
    let contract = |title: &str| json!({"department_id": 7, "job_id": 2, "job_title": title});
    // What a write on hr.version, or a version that comes into force today, does to the employee.
    shop.odoo.write_silently("hr.employee", &[1], contract("Cook"));
    shop.run("call sync_auto()");
    assert_eq!(shop.value(EMPLOYEE), before);
    let a_day_later =
        "update erp_sync.position set full_at = full_at - interval '1 day' where entity = 'employees'";
    shop.admin.batch_execute(a_day_later).expect("a day later");
    shop.run("call sync_auto()");
    assert_eq!(shop.value(EMPLOYEE), "7|2|Cook");
    let last = "select mode, updated from erp_sync.history where entity = 'employees' limit 1";
    assert_eq!(shop.value(last), "full|1");
    // Written through the employee, it is found at once.
    shop.odoo.write("hr.employee", &[1], contract("Chef"));
    shop.run("call sync_auto()");
    assert_eq!(shop.value(EMPLOYEE), "7|2|Chef");
    assert_eq!(shop.value(last), "incremental|1");
}
