//! A disk that is full: on a small one of the server's own.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{Shop, rows};
use serde_json::json;

use super::{goes_on, in_the_contacts, stored, told};

/// Fills the disk to its last page.
const FILL: &str = "
do $$
declare
  chunk integer := 1000000;
begin
  create table filler (junk text) tablespace small;
  alter table filler alter column junk set storage external;
  while chunk >= 1000 loop
    begin
      insert into filler values (repeat('x', chunk));
    exception when disk_full then
      chunk := chunk / 2;
    end;
  end loop;
end $$";

#[test]
fn a_full_disk_fails_the_batch_whole_and_with_room_again_the_run_goes_on() {
    let cluster = match Cluster::options("disk").with_disk(8).start() {
        Ok(cluster) => cluster,
        Err(error) if error.to_string().contains("unshare") => {
            // A machine that forbids users' namespaces; root needs the right to mount.
            return eprintln!("not tested here, because nothing can be mounted: {error}");
        }
        Err(error) => panic!("{error}"),
    };
    let mut shop = Shop::open(&cluster, "disk", "jsonrpc");
    let place = cluster.disk();
    shop.admin
        .batch_execute(&format!("create tablespace small location '{}'", place.display()))
        .expect("a disk");
    shop.admin
        .batch_execute(
            "grant create on tablespace small to shop; alter role shop set default_tablespace = 'small'",
        )
        .expect("for the shop");
    shop.reconnect();
    let ids: Vec<i64> =
        shop.odoo.records("res.partner").iter().skip(30).filter_map(|r| r["id"].as_i64()).collect();
    // Longer than PostgreSQL can press into one page of a table.
    shop.odoo.write_silently("res.partner", &ids, json!({"comment": noise(20_000)}));

    let call = in_the_contacts(&mut shop);
    shop.admin.batch_execute(FILL).expect("filled");
    shop.odoo.clear_faults();
    let failure = told(call.end().failure());
    assert_eq!(failure.sqlstate, "53100");
    assert!(failure.detail.contains("\"erp\".\"contacts\""), "{failure:?}");
    let after = stored(&mut shop);
    assert!((20..60).contains(&after) && after.is_multiple_of(10), "{after}");
    // Full is full, and a look at it works.
    told(shop.error("select * from sync_run('contacts')"));
    assert_eq!(shop.value("select state from sync_status() where entity = 'contacts'"), "failed");
    assert_eq!(stored(&mut shop) % 10, 0);

    shop.admin.batch_execute("drop table filler; checkpoint").expect("room");
    goes_on(&mut shop);
    assert_eq!(
        rows(
            &mut shop.admin,
            "select count(*) from pg_class c join pg_tablespace t on t.oid = c.reltablespace
                                      where t.spcname = 'small' and c.relname = 'contacts'"
        ),
        ["1"]
    );
}

/// Text that cannot be compressed much.
fn noise(length: usize) -> String {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        char::from(b'!' + (seed % 90) as u8)
    };
    (0..length).map(|_| next()).collect()
}
