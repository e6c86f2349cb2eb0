/** What became of events and deliveries over time: a chart with a mark where a deploy began, and a table. */

import { numberText } from "../components/count.tsx";
import { durationText, Time } from "../components/time.tsx";
import { highest, type StackedBar, StackedBars } from "./bars.tsx";
import type { Rates } from "./read.ts";

type Interval = Rates["intervals"][number];

const OUTCOMES = [
	["delivered", "good", ({ delivered }: Interval) => delivered],
	["failed, retried", "warn", ({ retrying }: Interval) => retrying],
	["dead", "bad", ({ dead }: Interval) => dead],
	["ignored", "idle", ({ events }: Interval) => events.ignored ?? 0],
] as const;

export function RatesChart({ rates }: { rates: Rates }) {
	const { intervals, step, deploys } = rates;
	const first = intervals[0]?.at ?? 0;
	const end = first + intervals.length * step;
	const bars = intervals.map(barOf);
	const top = highest(bars);
	return (
		<figure class="card chart">
			<figcaption>
				<span>Deliveries {stepText(step)}, by outcome</span>
				<span class="legend">
					{OUTCOMES.map(([label, tone]) => (
						<span class={tone}>{label}</span>
					))}
					{deploys.length > 0 && <span class="mark">deploy</span>}
				</span>
			</figcaption>
			<div class="plot">
				<p class="scale" aria-hidden="true">
					<span>{numberText(top)}</span>
					<span>{numberText(top / 2)}</span>
					<span>0</span>
				</p>
				<StackedBars
					label={summaryOf(rates)}
					bars={bars}
					marks={deploys.map(({ id, at }) => ({
						at: Math.max(0, (at - first) / step),
						title: `deploy ${id} began at ${timeText(at)}`,
					}))}
				/>
				<p class="axis">
					<Time at={first} minute />
					<Time at={(first + end) / 2} minute />
					<Time at={end} minute />
				</p>
			</div>
			<RatesTable rates={rates} />
		</figure>
	);
}

function barOf(interval: Interval): StackedBar {
	const parts = OUTCOMES.map(([label, tone, valueIn]) => ({
		label,
		tone,
		value: valueIn(interval),
	}));
	const said = parts
		.filter(({ value }) => value > 0)
		.map(({ label, value }) => `${numberText(value)} ${label}`);
	const title = `${timeText(interval.at)}: ${said.join(", ") || "nothing"}`;
	return { title, parts };
}

/** Only the intervals in which something happened, the latest first. */
function RatesTable({ rates: { intervals, deploys } }: { rates: Rates }) {
	const busy = intervals
		.filter((one) => OUTCOMES.some(([, , valueIn]) => valueIn(one) > 0))
		.reverse();
	if (busy.length === 0) return null;
	return (
		<details class="numbers">
			<summary>As a table</summary>
			<table>
				<thead>
					<tr>
						<th scope="col">From</th>
						{OUTCOMES.map(([label]) => (
							<th scope="col" class="number">
								{label}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{busy.map((interval) => (
						<tr>
							<td>
								<Time at={interval.at} minute />
							</td>
							{OUTCOMES.map(([, , valueIn]) => (
								<td class="number">{numberText(valueIn(interval))}</td>
							))}
						</tr>
					))}
				</tbody>
			</table>
			{deploys.map(({ id, at }) => (
				<p class="muted">
					Deploy <span class="mono">{id}</span> began <Time at={at} />
				</p>
			))}
		</details>
	);
}

function summaryOf({ intervals }: Rates): string {
	const sums = OUTCOMES.map(([label, , valueIn]) => {
		const sum = intervals.reduce((total, one) => total + valueIn(one), 0);
		return `${numberText(sum)} ${label}`;
	});
	return `In this time: ${sums.join(", ")}. The table below has the numbers of each interval.`;
}

function stepText(step: number): string {
	return step === 60_000 ? "per minute" : `per ${durationText(step)}`;
}

function timeText(at: number): string {
	return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
