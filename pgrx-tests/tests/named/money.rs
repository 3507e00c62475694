//! Money reads as its currency writes it.

use serde_json::json;

use crate::{run, synced};

const AMOUNT: &str = "select i.amount_total, n.amount_total, n.amount_total_signed, n.currency_code
                      from erp.invoices i join erp.invoices_named n using (tenant, id) where id = 1";

#[test]
fn money_has_the_digits_of_its_currency_and_loses_none() {
    let mut shop = synced(17, "money", "currencies,companies,invoices");
    for (currency, amount, company, shown) in [
        // USD, and the company's USD.
        (1, 2001.0, 2001.0, "2001|2001.00|2001.00|USD"),
        (1, 2001.5, 7.0, "2001.5|2001.50|7.00|USD"),
        // JPY.
        (25, 2001.0, 19.0, "2001|2001|19.00|JPY"),
        // KWD.
        (93, 2001.0, 6500.25, "2001|2001.000|6500.25|KWD"),
        // More digits than the currency has: an import may write them.
        (1, 0.125, 0.125, "0.125|0.125|0.125|USD"),
        (25, 12.5, 12.5, "12.5|12.5|12.50|JPY"),
        // No currency that is known.
        (99999, 2001.0, 2001.0, "2001|2001|2001.00|"),
    ] {
        shop.odoo.advance(3600);
        let values = json!({"currency_id": currency, "amount_total": amount, "amount_total_signed": company});
        shop.odoo.write("account.move", &[1], values);
        run(&mut shop, "invoices");
        assert_eq!(shop.value(AMOUNT), shown);
    }
}

#[test]
fn lines_are_in_two_currencies() {
    let mut shop = synced(17, "money_of_lines", "currencies,companies,invoices");
    shop.odoo.advance(3600);
    let line: i64 =
        shop.value("select min(id) from erp.invoice_lines where product_id is not null").parse().unwrap();
    let values = json!({"currency_id": 25, "company_currency_id": 1, "price_subtotal": 300, "balance": -2.0});
    shop.odoo.write("account.move.line", &[line], values);
    run(&mut shop, "invoices");
    let sql = format!(
        "select subtotal, balance, currency_code, company_currency_code from erp.invoice_lines_named where id = {line}"
    );
    assert_eq!(shop.value(&sql), "300|-2.00|JPY|USD");
}
