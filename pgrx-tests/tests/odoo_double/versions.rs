//! What tells the versions apart: their fields and records, companies and languages.

use erp_sync_tests::odoo::{ADMIN_KEY, Odoo};
use serde_json::{Value, json};

use super::client::{ADMIN, PLAIN, ask, by_name, call, fault};

/// One field of one record, with a context.
fn value(odoo: &Odoo, model: &str, id: i64, field: &str, context: Value) -> Value {
    let named = json!({"context": context, "load": ""});
    call(odoo, model, "read", json!([[id], [field]]), named)[0][field].clone()
}

#[test]
fn each_version_has_its_own_fields_and_19_the_records_of_18_under_its_names() {
    let [old, new] = [18, 19].map(Odoo::start_as);
    let line = |odoo: &Odoo, field| value(odoo, "sale.order.line", 1, field, json!({}));
    assert_eq!((line(&old, "product_uom"), line(&new, "product_uom_id")), (json!(1), json!(1)));
    let factor = |odoo: &Odoo, field| value(odoo, "uom.uom", 2, field, json!({}));
    assert_eq!((factor(&old, "factor_inv"), factor(&new, "factor")), (json!(12.0), json!(12.0)));
    let valuation = |odoo: &Odoo| value(odoo, "product.category", 1, "property_valuation", json!({}));
    assert_eq!((valuation(&old), valuation(&new)), (json!("manual_periodic"), json!("periodic")));
    assert_eq!(old.records("product.product").len(), 98);
    assert_eq!(Odoo::start().records("product.product").len(), 64);
    assert_eq!(value(&old, "product.product", 5, "is_storable", json!({})), true);
}

#[test]
fn the_name_of_another_version_is_refused_as_any_unknown_one() {
    let odoo = Odoo::start_as(19);
    let refused = |named: Value| {
        let body = by_name(&odoo, ADMIN_KEY, "sale.order.line/search_read", named).json();
        (body["name"].clone(), body["message"].as_str().unwrap_or_default().to_owned())
    };
    let error = json!("builtins.ValueError");
    let message = "Invalid field 'tax_id' on 'sale.order.line'";
    assert_eq!(refused(json!({"fields": ["tax_id"]})), (error.clone(), message.to_owned()));
    let message = "Invalid field sale.order.line.tax_id in condition ('tax_id', '=', 1)";
    assert_eq!(refused(json!({"domain": [["tax_id", "=", 1]]})), (error.clone(), message.to_owned()));
    let message = "Invalid field 'tax_id' on model 'sale.order.line'";
    assert_eq!(refused(json!({"order": "tax_id"})), (error, message.to_owned()));
    let answer =
        ask(&Odoo::start_as(18), ADMIN, "sale.order.line", "read", json!([[1], ["tax_ids"]]), json!({}));
    let message = "Invalid field 'tax_ids' on model 'sale.order.line'";
    assert_eq!(fault(&answer), ("builtins.ValueError".to_owned(), message.to_owned()));
}

#[test]
fn what_17_passes_over_later_versions_refuse() {
    for version in [17, 18, 19] {
        let odoo = Odoo::start_as(version);
        let search = |named: Value| ask(&odoo, ADMIN, "product.product", "search", json!([[]]), named);
        let by_stock = search(json!({"order": "qty_available", "limit": 1}));
        let unknown = search(json!({"context": {"lang": "xx_XX"}, "limit": 1}));
        match version {
            17 => assert!(by_stock.json().get("result").is_some() && unknown.json().get("result").is_some()),
            _ => {
                let message = "Cannot convert product.product.qty_available to SQL because it is not stored";
                assert_eq!(fault(&by_stock), ("builtins.ValueError".into(), message.into()));
                let message = "Invalid language code: xx_XX";
                assert_eq!(fault(&unknown), ("odoo.exceptions.UserError".into(), message.into()));
            }
        }
    }
}

#[test]
fn a_field_of_other_groups_is_refused_in_the_words_of_18() {
    let odoo = Odoo::start_as(18);
    let args = json!([[], ["name", "passport_id"]]);
    let answer = ask(&odoo, PLAIN, "hr.employee", "search_read", args, json!({"limit": 1}));
    let message = "You do not have enough rights to access the fields \"passport_id\" on Employee (hr.employee). \
                   Please contact your system administrator.\n\nOperation: read\nUser: 8\nFields:\n- passport_id \
                   (allowed for groups 'Employees / Officer: Manage all employees')";
    assert_eq!(fault(&answer), ("odoo.exceptions.AccessError".to_owned(), message.to_owned()));
}

#[test]
fn values_of_a_company_are_those_of_the_first_one_in_the_context() {
    for version in [17, 18, 19] {
        let odoo = Odoo::start_as(version);
        let before = odoo.records_with("product.product", &["write_date"])[0]["write_date"].clone();
        odoo.write_in_company("product.product", 1, 1, json!({"standard_price": 7.77}));
        odoo.write_in_company("product.product", 1, 2, json!({"standard_price": 99.0}));
        let price = |id, companies: Value| {
            value(&odoo, "product.product", id, "standard_price", json!({"allowed_company_ids": companies}))
        };
        assert_eq!(value(&odoo, "product.product", 1, "standard_price", json!({})), 7.77);
        let prices =
            [json!([1]), json!([2]), json!([2, 1]), json!([1, 2])].map(|companies| price(1, companies));
        assert_eq!(prices, [7.77, 99.0, 99.0, 7.77].map(|price| json!(price)), "{version}");
        assert_eq!(price(2, json!([2])), 0.0);
        assert_ne!(odoo.records_with("product.product", &["write_date"])[0]["write_date"], before);
    }
}

#[test]
fn texts_are_in_the_language_of_the_context_where_they_were_translated() {
    let odoo = Odoo::start_as(19);
    let french = json!({"lang": "fr_FR"});
    let refused = ask(&odoo, ADMIN, "uom.uom", "read", json!([[1], ["name"]]), json!({"context": french}));
    assert_eq!(fault(&refused).1, "Invalid language code: fr_FR");
    odoo.translate("uom.uom", 1, "fr_FR", json!({"name": "Unités"}));
    let name = |id, context: &Value| value(&odoo, "uom.uom", id, "name", context.clone());
    assert_eq!((name(1, &french), name(1, &json!({}))), (json!("Unités"), json!("Units")));
    assert_eq!(name(2, &french), "Dozens");
}
