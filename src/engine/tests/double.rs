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
        let newest = if world.exact { Some(world.now_us) } else { newest };
        Ok((newest.map(|us| mark(&world, us)), None))
    }

    async fn count(&mut self, stream: &Stream, scope: &Scope) -> Result<u64> {
        self.call("count", &stream.object, None).await?;
        let world = self.0.borrow();
        let rows = world.visible(&stream.object);
        Ok(rows.filter(|(id, record)| within(&world, scope, stream, *id, record)).count() as u64)
    }

    async fn page(&mut self, stream: &Stream, layout: &Layout, ask: &Ask) -> Result<Page> {
        self.call("page", &stream.object, Some(ask)).await?;
        let mut world = self.0.borrow_mut();
        let all = world.visible(&stream.object);
        let all = all.filter(|(id, record)| within(&world, &ask.scope, stream, *id, record));
        let mut all: Vec<_> =
            all.map(|(id, record)| (place(&world, &ask.scope, id, record), id, record)).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        let behind =
            all.into_iter().filter(|(place, ..)| ask.after.as_ref().is_none_or(|after| place > after));
        let sent: Vec<(Key, i64, Record)> =
            behind.take(ask.limit).map(|(place, id, record)| (place, id, record.clone())).collect();
        let last = sent.last().map(|(place, ..)| place.clone());
        let sent: Vec<(i64, Record)> = sent.into_iter().map(|(_, id, record)| (id, record)).collect();
        if sent.len() > world.largest {
            return Err(Error::new(Kind::TooLarge, "the answer is too long"));
        }
        if let Some(call) = world.calls.last_mut() {
            call.rows = sent.len();
        }
        Ok(Page { last, ..page(&world, stream, layout, &sent, ask.limit) })
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
        if self.0.borrow().exact {
            return Ok(mark.clone());
        }
        let seconds: i64 = mark.0.parse().map_err(|_| Error::new(Kind::Internal, "no mark"))?;
        Ok(Mark(format!("{:012}", seconds - by.as_secs() as i64)))
    }

    fn moment(&self, _stream: &Stream, mark: &Mark) -> Option<String> {
        if self.0.borrow().exact { None } else { Some(mark.0.clone()) }
    }

    fn identity(&self) -> String {
        self.0.borrow().identity.clone()
    }
}

/// A cursor value as it is shown: whole seconds, unless it is exact.
fn mark(world: &World, us: i64) -> Mark {
    Mark(if world.exact { format!("{us:018}") } else { format!("{:012}", us / SECOND) })
}

/// A row's place in the order of a scope.
fn place(world: &World, scope: &Scope, id: i64, record: &Record) -> Key {
    match scope {
        Scope::Since { .. } if world.exact => {
            Key(vec![Scalar::Text(mark(world, record.write_us).0), Scalar::Int(id)])
        }
        _ => id.into(),
    }
}

fn within(world: &World, scope: &Scope, stream: &Stream, id: i64, record: &Record) -> bool {
    match scope {
        Scope::All => true,
        Scope::Since { from, until } if world.exact => {
            let value = mark(world, record.write_us);
            value >= *from && until.as_ref().is_none_or(|until| value < *until)
        }
        Scope::Since { from, .. } => record.write_us >= from.0.parse::<i64>().unwrap() * SECOND,
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
        updated_at: good.iter().map(|(_, record)| Some(mark(world, record.write_us).0)).collect(),
        raw: None,
    };
    Page {
        rows,
        odd: Vec::new(),
        rejected: rejected.map(reject).collect(),
        duplicates: u64::from(world.doubles && !good.is_empty()),
        last: None,
        more: sent.len() == limit,
        bytes: sent.len() * world.row_bytes,
    }
}

fn reject((id, record): &(i64, Record)) -> Rejected {
    let key = (record.broken == Broken::Keyed).then(|| (*id).into());
    Rejected { key, record: "{}".into(), rule: "type".into(), reason: "no number".into() }
}
