//! The scale of a number: which numbers are on it, and how it is told.
//!
//! In: `[task] scale`. Out: a [`Scale`]. Not here: reading numbers (`answer/number.rs`).

use karat_core::{Error, Result, ScaleSpec, Task, Unusable};

use crate::answer::clip;
use crate::answer::number::Figure;

/// From where to where, and by which steps.
pub(super) struct Scale {
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) step: Option<f64>,
    /// What places mean, the least first.
    pub(super) anchors: Vec<(f64, String)>,
}

/// The most by which a number may miss its step, in steps: what decimals lose as binary fractions.
const SLACK: f64 = 1e-6;

/// An error by the name of the key where the scale is none.
pub(super) fn check(scale: &ScaleSpec) -> Result<()> {
    let ScaleSpec { min, max, step, anchors } = scale;
    let refuse = |message: String| {
        Err(Error::invalid(message).hint("as in `scale = { min = 0, max = 100, step = 1 }`"))
    };
    if !(min.is_finite() && max.is_finite() && min < max) {
        return refuse(format!(
            "`scale.min` is {min} and `scale.max` is {max}: the first must be less than the second"
        ));
    }
    if let Some(step) = step.filter(|step| !(step.is_finite() && *step > 0.0 && *step <= max - min)) {
        return refuse(format!(
            "`scale.step` is {step}, and must be above 0 and no more than the scale is long"
        ));
    }
    for at in anchors.keys() {
        let number: Option<f64> = at.trim().parse().ok();
        if !number.is_some_and(|it| (*min..=*max).contains(&it)) {
            return refuse(format!("`scale.anchors` names `{at}`, which is no number from {min} to {max}"));
        }
    }
    Ok(())
}

/// The digits of a number as people write them: `0.5`, `100`.
pub(super) fn digits(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 { format!("{number:.0}") } else { number.to_string() }
}

impl Scale {
    /// The scale of a task; from 0 to 1 where it has none, which `prepare` does not let happen.
    pub(super) fn of(task: &Task) -> Self {
        let ScaleSpec { min, max, step, anchors } =
            task.spec.scale.clone().unwrap_or(ScaleSpec { max: 1.0, ..ScaleSpec::default() });
        let mut anchors: Vec<(f64, String)> =
            anchors.into_iter().filter_map(|(at, words)| Some((at.trim().parse().ok()?, words))).collect();
        anchors.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { min, max, step, anchors }
    }

    /// Whether only whole numbers are on it.
    pub(super) fn is_whole(&self) -> bool {
        self.min.fract() == 0.0 && self.step.is_some_and(|step| step.fract() == 0.0)
    }

    /// The number, where it is on the scale; a step missed by less than floats lose is that step.
    pub(super) fn legal(&self, number: f64) -> Option<f64> {
        let Some(step) = self.step else {
            return (self.min..=self.max).contains(&number).then_some(number);
        };
        let n = ((number - self.min) / step).round();
        let on_step = self.min + n * step;
        let is_there =
            (number - on_step).abs() <= SLACK * step && n >= 0.0 && on_step <= self.max + SLACK * step;
        // `0.1 + 0.2` is the number that people write as 0.3.
        is_there.then(|| format!("{on_step:.12e}").parse().unwrap_or(on_step))
    }

    /// The one reading of a figure that is on the scale.
    pub(super) fn pick(&self, figure: &Figure) -> Result<f64, Unusable> {
        let wrong_end = figure.of.is_some_and(|of| of != self.max) || figure.percent && self.max != 100.0;
        if wrong_end {
            return Err(self.refuses(&figure.written));
        }
        let legal: Vec<f64> = figure.readings.iter().filter_map(|it| self.legal(*it)).collect();
        match legal[..] {
            [] => Err(self.refuses(&figure.written)),
            [number] => Ok(number),
            _ => {
                let all: Vec<String> = legal.iter().map(|it| digits(*it)).collect();
                let got = format!("`{}` may be {}", clip(&figure.written), all.join(" or "));
                Err(Unusable::WrongShape { got })
            }
        }
    }

    /// Why a number is not taken.
    pub(super) fn refuses(&self, got: &str) -> Unusable {
        let step = self.step.map_or(String::new(), |step| format!(" in steps of {}", digits(step)));
        let scale = format!("{} to {}{step}", digits(self.min), digits(self.max));
        Unusable::OutOfScale { got: clip(got), scale }
    }
}
