use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use frazil_data::dataset::{Attribute, DataType, Dataset, Selection, Values};
use frazil_data::handle::Handle;
use frazil_data::limits::Limits as Bounds;
use proptest::prelude::*;

use super::*;
use crate::error::Error;
use crate::expression::{Array, Expression, Map};
use crate::kernels::{Rolling, Window};
use crate::plan::{Limits, Plan, Sizes};
use crate::run::{Watch, run_into};
use crate::source::Memory;
use crate::state::Groups;

const NAMES: [&str; 3] = ["time", "y", "x"];
const TYPES: [ElementType; 10] = [
    ElementType::I8,
    ElementType::I16,
    ElementType::I32,
    ElementType::I64,
    ElementType::U8,
    ElementType::U16,
    ElementType::U32,
    ElementType::U64,
    ElementType::F32,
    ElementType::F64,
];

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap().block_on(work)
}

async fn opened(path: &Path) -> Arc<dyn Dataset> {
    if path.is_dir() {
        return Arc::new(frazil_data::zarr::Zarr::open_folder(path, Bounds::default()).await.unwrap());
    }
    let handle = Arc::new(Handle::local(path).unwrap());
    Arc::new(frazil_data::netcdf::NetCdf::open(handle, Bounds::default()).await.unwrap())
}

/// All values of a variable.
fn read(path: &Path, name: &str) -> Values {
    wait(async { opened(path).await.read(name, &Selection::All).await.unwrap() })
}

fn array(lengths: [u64; 3], element: ElementType) -> Array {
    let dimensions: Vec<_> = NAMES.into_iter().zip(lengths).collect();
    Array::new("t", &dimensions, element, None).unwrap()
}

fn contents(lengths: [u64; 3], element: ElementType) -> Contents {
    Contents::of(&Expression::of(array(lengths, element))).unwrap()
}

/// Bytes that tell every element from the others, of any type.
fn counted(count: u64, element: ElementType) -> Vec<u8> {
    (0..count)
        .flat_map(|number| (number * 0x0101_0101_0101_0101).to_le_bytes()[..element.size()].to_vec())
        .collect()
}

/// The boxes that an array of these lengths is cut into.
fn boxes(lengths: [u64; 3], cuts: [u64; 3]) -> Vec<Vec<Span>> {
    let along = |axis: usize| {
        let (length, cut) = (lengths[axis], cuts[axis]);
        (0..length.div_ceil(cut)).map(move |number| {
            let start = number * cut;
            Span { start, count: cut.min(length - start) }
        })
    };
    along(0).flat_map(|a| along(1).flat_map(move |b| along(2).map(move |c| vec![a, b, c]))).collect()
}

/// Puts every box, by two threads, in an order that a seed gives.
fn put_all(sink: &dyn Sink, lengths: [u64; 3], cuts: [u64; 3], seed: u64, all: &[u8]) {
    let mut parts = boxes(lengths, cuts);
    for place in (1..parts.len()).rev() {
        let other = seed.wrapping_mul(place as u64 + 1) >> 7;
        parts.swap(place, usize::try_from(other % (place as u64 + 1)).unwrap());
    }
    let size = sink.element().size();
    let put = |part: &Vec<Span>| {
        let shape: Vec<u64> = part.iter().map(|span| span.count).collect();
        let whole: Vec<Span> = shape.iter().map(|count| Span { start: 0, count: *count }).collect();
        let mut own = vec![0; usize::try_from(boxes::count(part)).unwrap() * size];
        boxes::copy((all, &lengths, part), (&mut own, &shape, &whole), size).unwrap();
        sink.put(part, sink.element(), &own).unwrap();
    };
    let (one, other) = parts.split_at(parts.len() / 2);
    std::thread::scope(|scope| {
        scope.spawn(|| one.iter().for_each(put));
        scope.spawn(|| other.iter().for_each(put));
    });
}

/// A sink that notes the most that it took to write a box.
struct Noted<'a> {
    sink: &'a dyn Sink,
    most: AtomicU64,
}

impl Sink for Noted<'_> {
    fn shape(&self) -> &[u64] {
        self.sink.shape()
    }

    fn element(&self) -> ElementType {
        self.sink.element()
    }

    fn memory(&self, bytes: u64) -> u64 {
        self.sink.memory(bytes)
    }

    fn put(&self, part: &[Span], element: ElementType, bytes: &[u8]) -> Result<()> {
        self.most.fetch_max(self.memory(bytes.len() as u64), Ordering::Relaxed);
        self.sink.put(part, element, bytes)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn boxes_in_any_order_are_read_back(
        lengths in [1..9_u64, 1..6_u64, 1..7_u64],
        cuts in [1..5_u64, 1..6_u64, 1..7_u64],
        chunk in [1..5_u64, 1..6_u64, 1..9_u64],
        element in prop::sample::select(TYPES.to_vec()),
        codec in prop::sample::select(vec![Codec::Lz4, Codec::Zstd, Codec::Plain]),
        seed in any::<u64>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let all = counted(lengths.iter().product(), element);
        let contents = contents(lengths, element);
        let (store, file) = (folder.path().join("t.zarr"), folder.path().join("t.nc"));
        let zarr = Zarr::create(&store, &contents, &chunk, codec).unwrap();
        put_all(&zarr, lengths, cuts, seed, &all);
        zarr.finish().unwrap();
        let netcdf = NetCdf::create(&file, &contents).unwrap();
        put_all(&netcdf, lengths, cuts, seed, &all);
        netcdf.finish().unwrap();
        for path in [store, file] {
            let found = read(&path, "t");
            prop_assert_eq!(found.data_type.to_string(), element.to_string());
            prop_assert_eq!(&found.shape, &lengths);
            prop_assert!(found.bytes == all, "{}", path.display());
        }
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_run_fills_stores_and_files_as_memory(
        lengths in [1..20_u64, 1..6_u64, 1..7_u64],
        from in 0..3_u64,
        window in 1..5_u64,
        stored in prop::option::of([1..6_u64, 1..5_u64, 1..7_u64]),
        bytes in prop::sample::select(vec![16_u64, 100, 1 << 20]),
        (is_anomaly, moving) in (any::<bool>(), prop::option::of((0..3_usize, 1..5_usize, any::<bool>()))),
    ) {
        let from = from.min(lengths[0] - 1);
        let values: Vec<f32> = (0..lengths.iter().product()).map(|at: u64| f32::from(u16::try_from(at).unwrap())).collect();
        let dimensions: Vec<_> = NAMES.into_iter().zip(lengths).collect();
        let array = Array::new("t", &dimensions, ElementType::F32, stored.map(Vec::from)).unwrap();
        let memory = Memory::new("t", &dimensions, &values).unwrap().described(array.clone()).unwrap();
        let expression = Expression::of(array).map(Map::Square).unwrap()
            .slice("time", from, lengths[0] - from).unwrap()
            .coarsen_sum("time", window).unwrap();
        let labels = (0..(lengths[0] - from) / window).map(|step| u32::try_from(step % 3).unwrap()).collect();
        let expression = if is_anomaly {
            expression.anomaly("time", Groups { count: 3, labels }).unwrap()
        } else {
            expression
        };
        let expression = match moving {
            Some((axis, length, is_centred)) => {
                let whole = Window::new(length).unwrap();
                let moved = if is_centred { whole.centred() } else { whole };
                expression.rolling(NAMES[axis], moved, Rolling::Mean).unwrap()
            }
            None => expression,
        };
        let limits = Limits { threads: 2, memory: 1 << 30 };
        let plan = Plan::of_sizes(&expression, limits, Sizes::small(bytes)).unwrap();
        let shape: Vec<u64> = expression.dimensions().iter().map(|own| own.length).collect();
        let mut due = vec![0.0_f32; usize::try_from(shape.iter().product::<u64>()).unwrap()];
        run_into(&plan, &memory, &Buffer::new(&shape, &mut due).unwrap(), &Watch::new()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let contents = Contents::of(&expression).unwrap();
        let store = folder.path().join("t.zarr");
        let zarr = Zarr::create(&store, &contents, &plan.grain(), Codec::Lz4).unwrap();
        let told = plan.clone().into_sink(&zarr, limits).unwrap();
        prop_assert!(told.memory().peak() > plan.memory().peak());
        let noted = Noted { sink: &zarr, most: AtomicU64::new(0) };
        run_into(&told, &memory, &noted, &Watch::new()).unwrap();
        prop_assert!(noted.most.into_inner() <= told.memory().writing, "{}", told);
        zarr.finish().unwrap();
        prop_assert_eq!(&read(&store, "t").bytes, bytemuck::cast_slice::<_, u8>(&due));
        if shape.contains(&0) {
            prop_assert!(NetCdf::create(folder.path().join("t.nc"), &contents).is_err());
            return Ok(());
        }
        let file = folder.path().join("t.nc");
        let netcdf = NetCdf::create(&file, &contents).unwrap();
        run_into(&plan, &memory, &netcdf, &Watch::new()).unwrap();
        netcdf.finish().unwrap();
        prop_assert_eq!(&read(&file, "t").bytes, bytemuck::cast_slice::<_, u8>(&due));
    }
}

fn attribute(name: &str, value: Values) -> Attribute {
    Attribute { name: name.to_owned(), value }
}

/// A result of two by one by three with all that can be said of it.
fn told() -> Contents {
    let coordinate = |name: &str, along: &[&str], values| Coordinate {
        name: name.to_owned(),
        dimensions: along.iter().map(|own| (*own).to_owned()).collect(),
        values,
        attributes: vec![attribute("units", Values::text("days since 1970-01-01"))],
    };
    contents([2, 1, 3], ElementType::F32)
        .with_attributes([
            attribute("units", Values::text("mm d⁻¹")),
            attribute("levels", Values::numbers(DataType::I16, vec![2], &[1_i16, -2])),
            attribute("factor", Values::numbers(DataType::F64, vec![], &[0.1])),
        ])
        .with_global([attribute("Conventions", Values::text("CF-1.12"))])
        .with_coordinate(coordinate("time", &["time"], Values::numbers(DataType::I64, vec![2], &[1_i64, -7])))
        .unwrap()
        .with_coordinate(coordinate("x", &["x"], Values::numbers(DataType::I16, vec![3], &[1_i16, 2, 300])))
        .unwrap()
        .with_coordinate(coordinate(
            "area",
            &["time", "x"],
            Values::numbers(DataType::F64, vec![2, 3], &[0.5; 6]),
        ))
        .unwrap()
        .with_coordinate(coordinate("height", &[], Values::numbers(DataType::F32, vec![], &[2.0_f32])))
        .unwrap()
}

#[test]
fn names_attributes_and_coordinates_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let values = [1.0_f32, f32::NAN, 3.0, f32::INFINITY, -0.0, 6.0];
    let whole = [2, 1, 3].map(|count| Span { start: 0, count });
    let store = folder.path().join("t.zarr");
    let zarr = Zarr::create(&store, &told(), &[1, 1, 2], Codec::Zstd).unwrap();
    zarr.put(&whole, ElementType::F32, bytemuck::cast_slice(&values)).unwrap();
    zarr.finish().unwrap();
    let file = folder.path().join("t.nc");
    let netcdf = NetCdf::create(&file, &told()).unwrap();
    netcdf.put(&whole, ElementType::F32, bytemuck::cast_slice(&values)).unwrap();
    netcdf.finish().unwrap();
    for path in [store, file] {
        let root = wait(async { opened(&path).await.group("/", true).await.unwrap() });
        let text = |values: Option<&Values>| values.unwrap().as_text().unwrap().to_owned();
        assert_eq!(text(root.attribute("Conventions")), "CF-1.12");
        let t = root.variable("t").unwrap();
        assert_eq!(t.dimensions, NAMES);
        assert_eq!(text(t.attribute("units")), "mm d⁻¹");
        assert_eq!(t.attribute("levels").unwrap().as_f64().unwrap(), [1.0, -2.0]);
        assert_eq!(t.attribute("factor").unwrap().as_f64().unwrap(), [0.1]);
        assert!(t.attribute("_FillValue").unwrap().as_f64().unwrap()[0].is_nan());
        assert_eq!(read(&path, "t").bytes, bytemuck::cast_slice::<_, u8>(&values));
        assert_eq!(read(&path, "time").as_f64().unwrap(), [1.0, -7.0]);
        assert_eq!(read(&path, "x").as_f64().unwrap(), [1.0, 2.0, 300.0]);
        assert_eq!(read(&path, "area").as_f64().unwrap(), [0.5; 6]);
        assert_eq!(read(&path, "height").as_f64().unwrap(), [2.0]);
        let time = root.variable("time").unwrap();
        assert_eq!(text(time.attribute("units")), "days since 1970-01-01");
        assert!(time.attribute("_FillValue").is_none());
    }
}

#[test]
fn there_is_no_half_result_and_nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let contents = contents([2, 1, 3], ElementType::U8);
    let half = [Span { start: 0, count: 1 }, Span { start: 0, count: 1 }, Span { start: 0, count: 3 }];
    let names = || -> Vec<_> {
        let names = std::fs::read_dir(folder.path()).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let path = folder.path().join("t");
    let zarr = Zarr::create(&path, &contents, &[2, 1, 2], Codec::Lz4).unwrap();
    zarr.put(&half, ElementType::U8, &[1, 2, 3]).unwrap();
    assert!(names().iter().all(|name| name.starts_with(".t.")), "{:?}", names());
    let error = zarr.finish().unwrap_err();
    assert!(error.to_string().contains("3 elements of"), "{error}");
    assert!(names().is_empty(), "{:?}", names());
    let netcdf = NetCdf::create(&path, &contents).unwrap();
    netcdf.put(&half, ElementType::U8, &[1, 2, 3]).unwrap();
    assert!(netcdf.finish().is_err());
    assert!(names().is_empty(), "{:?}", names());

    // What comes to the place while a result is made stays as well.
    let (zarr, netcdf) = (
        Zarr::create(&path, &contents, &[1, 1, 1], Codec::Plain).unwrap(),
        NetCdf::create(&path, &contents).unwrap(),
    );
    let whole = [2, 1, 3].map(|count| Span { start: 0, count });
    zarr.put(&whole, ElementType::U8, &[0; 6]).unwrap();
    netcdf.put(&whole, ElementType::U8, &[0; 6]).unwrap();
    std::fs::write(&path, "dear").unwrap();
    for error in [zarr.finish().unwrap_err(), netcdf.finish().unwrap_err()] {
        assert!(error.to_string().contains("there is something at"), "{error}");
    }
    assert!(Zarr::create(&path, &contents, &[1, 1, 1], Codec::Plain).is_err());
    assert!(NetCdf::create(&path, &contents).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"dear");
    assert_eq!(names(), ["t"]);
}

#[test]
fn each_element_is_put_once() {
    let folder = tempfile::tempdir().unwrap();
    let contents = contents([2, 1, 3], ElementType::U8);
    let row = |start, from, count| {
        [Span { start, count: 1 }, Span { start: 0, count: 1 }, Span { start: from, count }]
    };
    let create = || Zarr::create(folder.path().join("t"), &contents, &[1, 1, 3], Codec::Plain).unwrap();
    // A whole chunk, a part of one, and a part of one that is whole already.
    for (first, again) in [(row(0, 0, 3), row(0, 0, 3)), (row(1, 0, 2), row(1, 1, 1))] {
        let zarr = create();
        let length = |part: &[Span; 3]| usize::try_from(part[2].count).unwrap();
        zarr.put(&first, ElementType::U8, &vec![1; length(&first)]).unwrap();
        let error = zarr.put(&again, ElementType::U8, &vec![1; length(&again)]).unwrap_err();
        assert!(error.to_string().contains("twice"), "{error}");
    }
    let zarr = create();
    zarr.put(&row(0, 0, 3), ElementType::U8, &[1; 3]).unwrap();
    zarr.put(&row(0, 0, 1), ElementType::U8, &[1]).unwrap();
    zarr.put(&row(0, 1, 2), ElementType::U8, &[1; 2]).unwrap_err();
    let netcdf = NetCdf::create(folder.path().join("n"), &contents).unwrap();
    for start in [0, 1] {
        netcdf.put(&row(start, 0, 3), ElementType::U8, &[1; 3]).unwrap();
    }
    assert!(netcdf.put(&row(0, 0, 1), ElementType::U8, &[1]).is_err());
}

#[test]
fn what_waits_is_beside_arrays_of_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let contents = contents([2, 1, 3], ElementType::U8).named(".waiting").unwrap();
    let path = folder.path().join("t");
    let zarr = Zarr::create(&path, &contents, &[2, 1, 3], Codec::Plain).unwrap();
    for start in [0, 1] {
        let row = [Span { start, count: 1 }, Span { start: 0, count: 1 }, Span { start: 0, count: 3 }];
        zarr.put(&row, ElementType::U8, &[1, 2, 3]).unwrap();
    }
    zarr.finish().unwrap();
    assert_eq!(read(&path, ".waiting").bytes[..], [1, 2, 3, 1, 2, 3]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let contents = contents([2, 1, 3], ElementType::F64);
    let path = folder.path().join("t");
    for chunk in [vec![1, 1], vec![1, 1, 1, 1], vec![1, 1, 0]] {
        assert!(Zarr::create(&path, &contents, &chunk, Codec::Lz4).is_err(), "{chunk:?}");
    }
    let large = Contents::of(&Expression::of(array([1 << 30, 1, 3], ElementType::F64))).unwrap();
    assert!(Zarr::create(&path, &large, &[1 << 30, 1, 1], Codec::Lz4).is_err());
    let texts = Values { shape: vec![2], texts: vec!["a".to_owned(), "b".to_owned()], ..Values::text("") };
    let odd = contents.clone().with_attributes([attribute("names", texts)]);
    let error = NetCdf::create(&path, &odd).unwrap_err();
    assert!(error.to_string().contains("`names`"), "{error}");
    for sink in [
        Box::new(Zarr::create(&path, &odd, &[1, 1, 1], Codec::Lz4).unwrap()) as Box<dyn Sink>,
        Box::new(NetCdf::create(folder.path().join("n"), &contents).unwrap()),
    ] {
        let part = [2, 1, 3].map(|count| Span { start: 0, count });
        assert!(sink.put(&part, ElementType::F32, &[0; 48]).is_err());
        assert!(sink.put(&part, ElementType::F64, &[0; 47]).is_err());
        assert!(sink.put(&part[1..], ElementType::F64, &[0; 24]).is_err());
        let beyond = [Span { start: 1, count: 2 }, part[1], part[2]];
        assert!(sink.put(&beyond, ElementType::F64, &[0; 48]).is_err());
    }
    let nowhere = NetCdf::create(folder.path().join("none/t.nc"), &contents).unwrap_err();
    assert_eq!(nowhere.advice(), "make the folder first");
    let Error::Sink { what, .. } = nowhere else { panic!("{nowhere:?}") };
    assert!(what.ends_with("none/t.nc"), "{what}");
}

/// The header of one variable, byte by byte as the specification has it.
#[test]
fn a_header_is_that_of_the_specification() {
    let folder = tempfile::tempdir().unwrap();
    let array = Array::new("ab", &[("x", 3)], ElementType::I16, None).unwrap();
    let path = folder.path().join("t.nc");
    let netcdf = NetCdf::create(&path, &Contents::of(&Expression::of(array)).unwrap()).unwrap();
    let values: Vec<u8> = [1_i16, 2, -3].iter().flat_map(|value| value.to_ne_bytes()).collect();
    netcdf.put(&[Span { start: 0, count: 3 }], ElementType::I16, &values).unwrap();
    netcdf.finish().unwrap();
    let long = |number: u64| number.to_be_bytes().to_vec();
    let word = |number: u32| number.to_be_bytes().to_vec();
    let due = [
        b"CDF\x05".to_vec(),
        long(0),
        [word(10), long(1), long(1), b"x\0\0\0".to_vec(), long(3)].concat(),
        [word(0), long(0)].concat(),
        [word(11), long(1), long(2), b"ab\0\0".to_vec(), long(1), long(0)].concat(),
        [word(0), long(0)].concat(),
        [word(3), long(8), long(128)].concat(),
        vec![0, 1, 0, 2, 0xFF, 0xFD, 0, 0],
    ];
    assert_eq!(std::fs::read(&path).unwrap(), due.concat());
}

#[test]
fn results_are_for_who_may_read_what_others_make() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let contents = contents([1, 1, 1], ElementType::U8);
    let whole = [Span { start: 0, count: 1 }; 3];
    let (store, file) = (folder.path().join("t.zarr"), folder.path().join("t.nc"));
    let zarr = Zarr::create(&store, &contents, &[1, 1, 1], Codec::Plain).unwrap();
    zarr.put(&whole, ElementType::U8, &[1]).unwrap();
    zarr.finish().unwrap();
    let netcdf = NetCdf::create(&file, &contents).unwrap();
    netcdf.put(&whole, ElementType::U8, &[1]).unwrap();
    netcdf.finish().unwrap();
    let (usual_folder, usual_file) = (folder.path().join("folder"), folder.path().join("file"));
    std::fs::create_dir(&usual_folder).unwrap();
    std::fs::write(&usual_file, "").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&store), mode(&usual_folder));
    assert_eq!(mode(&file), mode(&usual_file));
}
