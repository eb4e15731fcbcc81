// SPDX-License-Identifier: GPL-3.0-or-later
//! The story of the demonstration, told line by line as it happens; or one JSON document at its end.

use std::time::Instant as Stopwatch;

use serde::Serialize;

use crate::cli::Output;

/// What was told so far.
pub(super) struct Story {
    output: Output,
    begun: Stopwatch,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    step: String,
    held: bool,
    detail: String,
    milliseconds: u128,
}

#[derive(Serialize)]
struct Whole<'a> {
    held: bool,
    steps: &'a [Step],
}

impl Story {
    pub(super) fn new(output: Output) -> Self {
        Self { output, begun: Stopwatch::now(), steps: Vec::new() }
    }

    /// One step: whether it held, and what was seen.
    pub(super) fn tell(&mut self, step: &str, held: bool, detail: &str) {
        if !self.output.is_json() {
            let mark = if held { "ok    " } else { "FAILED" };
            self.output.raw(format!("{mark}  {step}\n            {detail}\n").as_bytes());
        }
        let milliseconds = self.begun.elapsed().as_millis();
        self.steps.push(Step { step: step.to_owned(), held, detail: detail.to_owned(), milliseconds });
    }

    /// Something to look at between the steps.
    pub(super) fn aside(&self, line: &str) {
        if !self.output.is_json() {
            self.output.raw(format!("            | {line}\n").as_bytes());
        }
    }

    /// The end: `true` when every step held.
    pub(super) fn end(&self) -> bool {
        let held = self.steps.iter().all(|step| step.held);
        self.output.show(&Whole { held, steps: &self.steps }, |whole| {
            let seconds = self.begun.elapsed().as_secs_f32();
            let held = whole.steps.iter().filter(|step| step.held).count();
            vec![String::new(), format!("{held} of {} steps held, in {seconds:.1} s.", whole.steps.len())]
        });
        held
    }
}
