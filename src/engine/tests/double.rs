//! The world as a source: what it answers to each request.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;

use super::world::{Broken, Call, Record, SECOND, World};
use crate::entity::{Stream, Type};
use crate::error::{Error, Kind, Result};
use crate::source::{
    About, Ask, Described, Field, Key, Layout, Mark, Object, Page, Rejected, Rows, Scalar, Scope, Source,
    Values,
};

/// The source of a world.
pub struct Double(pub Rc<RefCell<World>>);

impl Double {
    async fn call(&self, what: &'static str, object: &str, ask: Option<&Ask>) -> Result<()> {
        let (delay, error) = {
            let mut world = self.0.borrow_mut();
            world.calls.push(Call { what, ask: ask.cloned(), rows: 0 });
            let n = world.calls.len();
            for event in world.events.remove(&n).unwrap_or_default() {
                event(&mut world);
            }
            let fault = world.faults.remove(&n);
            (world.delay, fault.or_else(|| world.broken.get(object).cloned()))
        };
        // Also without a delay an answer comes later than the question.
        tokio::time::sleep(delay.max(Duration::from_millis(1))).await;
        error.map_or(Ok(()), Err)
    }
}

#[async_trait(?Send)]
impl Source for Double {
    async fn check(&mut self) -> Result<About> {
        Ok(About::default())
    }

    async fn layout(&mut self, stream: &Stream) -> Result<Layout> {
        self.call("layout", &stream.object, None).await?;
        let world = self.0.borrow();
        let is_out = |name: &String| world.left_out.contains(name);
        let columns = stream.columns.iter().enumerate().filter(|(_, c)| !is_out(&c.name));
        let field = |(column, c): (usize, &crate::entity::Column)| Field {
            column,
            path: c.paths()[0].into(),
            remote_type: "char".into(),
        };
        let left_out = stream.columns.iter().filter(|c| is_out(&c.name));
        Ok(Layout {
            columns: columns.map(field).collect(),
            left_out: left_out.map(|c| (c.name.clone(), "no right".into())).collect(),
        })
    }

    async fn watermark(&mut self, stream: &Stream) -> Result<(Option<Mark>, Option<String>)> {
        self.call("watermark", &stream.object, None).await?;
        let world = self.0.borrow();
        let newest = world.visible(&stream.object).map(|(_, record)| record.write_us).max();
        Ok((newest.map(mark), None))
    }

    async fn count(&mut self, stream: &Stream, scope: &Scope) -> Result<u64> {
        self.call("count", &stream.object, None).await?;
        let world = self.0.borrow();
        let rows = world.visible(&stream.object).filter(|(id, record)| within(scope, stream, *id, record));
        Ok(rows.count() as u64)
    }

    async fn page(&mut self, stream: &Stream, layout: &Layout, ask: &Ask) -> Result<Page> {
        self.call("page", &stream.object, Some(ask)).await?;
        let mut world = self.0.borrow_mut();
        let after = ask.after.as_ref().map_or(i64::MIN, id_of);
        let behind = world.visible(&stream.object).filter(|(id, _)| *id > after);
        let all = behind.filter(|(id, record)| within(&ask.scope, stream, *id, record));
        let sent: Vec<(i64, Record)> = all.take(ask.limit).map(|(id, r)| (id, r.clone())).collect();
        if sent.len() > world.largest {
            return Err(Error::new(Kind::TooLarge, "the answer is too long"));
        }
        if let Some(call) = world.calls.last_mut() {
            call.rows = sent.len();
        }
        Ok(page(&world, stream, layout, &sent, ask.limit))
    }

    async fn objects(&mut self) -> Result<Vec<Object>> {
        let world = self.0.borrow();
        let object = |name: &String| Object { name: name.clone(), label: format!("a {name}"), kind: "model" };
        Ok(world.objects.keys().map(object).collect())
    }

    async fn describe(&mut self, object: &str) -> Result<Vec<Described>> {
        self.call("describe", object, None).await?;
        Ok(self.0.borrow().described.clone())
    }

    fn earlier(&self, mark: &Mark, by: Duration) -> Result<Mark> {
        let seconds: i64 = mark.0.parse().map_err(|_| Error::new(Kind::Internal, "no mark"))?;
        Ok(Mark(format!("{:012}", seconds - by.as_secs() as i64)))
    }

    fn identity(&self) -> String {
        self.0.borrow().identity.clone()
    }
}

/// A cursor value as it is shown: whole seconds.
fn mark(us: i64) -> Mark {
    Mark(format!("{:012}", us / SECOND))
}

fn id_of(key: &Key) -> i64 {
    match key.0[..] {
        [Scalar::Int(id)] => id,
        _ => panic!("{key:?} is no id"),
    }
}

fn within(scope: &Scope, stream: &Stream, id: i64, record: &Record) -> bool {
    match scope {
        Scope::All => true,
        Scope::Since(mark) => record.write_us >= mark.0.parse::<i64>().unwrap() * SECOND,
        Scope::From(day) => record.fields.get("day").is_none_or(|of| of >= day),
        Scope::Parents(keys) => {
            let column = &stream.parent.as_ref().unwrap().column;
            let parent = record.fields.get(column).and_then(|id| id.parse::<i64>().ok());
            parent.is_some_and(|parent| keys.contains(&parent.into()))
        }
        Scope::Keys(keys) => keys.contains(&id.into()),
    }
}

fn page(world: &World, stream: &Stream, layout: &Layout, sent: &[(i64, Record)], limit: usize) -> Page {
    let good: Vec<_> = sent.iter().filter(|(_, record)| record.broken == Broken::No).collect();
    let rejected = sent.iter().filter(|(_, record)| record.broken != Broken::No);
    let columns = layout.columns.iter().map(|field| {
        let column = &stream.columns[field.column];
        let texts = good.iter().map(|(id, record)| match column.name.as_str() {
            "id" => Some(id.to_string()),
            name => record.fields.get(name).cloned(),
        });
        match column.kind {
            Type::Bigint => Values::Int(texts.map(|text| text?.parse().ok()).collect()),
            _ => Values::Text(texts.collect()),
        }
    });
    let rows = Rows {
        keys: good.iter().map(|(id, _)| (*id).into()).collect(),
        columns: columns.collect(),
        updated_at: good.iter().map(|(_, record)| Some(mark(record.write_us).0)).collect(),
        raw: None,
    };
    Page {
        rows,
        rejected: rejected.map(reject).collect(),
        duplicates: u64::from(world.doubles && !good.is_empty()),
        last: sent.last().map(|(id, _)| (*id).into()),
        more: sent.len() == limit,
        bytes: sent.len() * world.row_bytes,
    }
}

fn reject((id, record): &(i64, Record)) -> Rejected {
    let key = (record.broken == Broken::Keyed).then(|| (*id).into());
    Rejected { key, record: "{}".into(), rule: "type".into(), reason: "no number".into() }
}
