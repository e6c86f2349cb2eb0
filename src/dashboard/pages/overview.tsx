/** The overview: what became of events over time, what is late, and which handlers fail. Live. */

import { render } from "../components/layout.tsx";
import { Fresh } from "../components/list.tsx";
import { Live, snapshotOf, streamOf } from "../live.tsx";
import { FailureGroups, HandlerRanking } from "../overview/failures.tsx";
import { HealthFacts } from "../overview/health-facts.tsx";
import { RatesChart } from "../overview/rates.tsx";
import {
	type Overview,
	type Part,
	RANGES,
	type Range,
	type Rates,
	readOverview,
} from "../overview/read.ts";
import { FirstEvent } from "../snippets.tsx";
import { type Page, useView } from "../view.ts";

const PATH = "/overview";

export const overviewPage: Page = (app, { ports, settings }) => {
	app.get(PATH, async (context) => {
		const range = rangeIn(context.req.query("range"));
		const { at, data, version } = await snapshotOf(
			`overview ${range}`,
			context.var.view.now,
			() => readOverview(range, false, ports, settings),
		);
		const { base } = context.var.view;
		const content = (
			<>
				<div class="top">
					<h1>Overview</h1>
					<Fresh at={at} />
				</div>
				<Ranges here={range} />
				<Live
					id="overview"
					stream={`${base}${PATH}/live?range=${range}`}
					version={version}
				>
					<Content overview={data} range={range} />
				</Live>
			</>
		);
		return render(context, "Overview", content);
	});

	app.get(`${PATH}/live`, (context) => {
		const range = rangeIn(context.req.query("range"));
		return streamOf(
			context,
			`overview ${range}`,
			() => readOverview(range, true, ports, settings),
			ports.clock,
			({ data }) => <Content overview={data} range={range} />,
		);
	});
};

function rangeIn(given: string | undefined): Range {
	return given === "day" || given === "week" ? given : "hour";
}

function Ranges({ here }: { here: Range }) {
	const { base } = useView();
	return (
		<nav class="quick" aria-label="Time">
			{Object.keys(RANGES).map((range) => (
				<a
					href={`${base}${PATH}?range=${range}`}
					aria-current={range === here ? "true" : undefined}
				>
					Last {range}
				</a>
			))}
		</nav>
	);
}

function Content({ overview, range }: { overview: Overview; range: Range }) {
	const { rates, standing } = overview;
	const { health, groups } = standing;
	return (
		<div class="stack">
			<HealthFacts health={health} />
			<Chart rates={rates} range={range} />
			{"data" in rates && <HandlerRanking handlers={rates.data.handlers} />}
			{"data" in groups ? (
				<FailureGroups {...groups.data} />
			) : (
				<p class="notice">Groups of dead letters: {groups.wrong}</p>
			)}
		</div>
	);
}

function Chart({ rates, range }: { rates: Part<Rates>; range: Range }) {
	if ("wrong" in rates) return <p class="notice">Rates: {rates.wrong}</p>;
	const isEmpty = rates.data.intervals.every(
		({ events, delivered, retrying, dead }) =>
			Object.keys(events).length === 0 && delivered + retrying + dead === 0,
	);
	return isEmpty ? (
		<div class="card">
			<FirstEvent title={`Nothing happened in the last ${range}`}>
				The chart shows what became of events, minute by minute. Publish one:
			</FirstEvent>
		</div>
	) : (
		<RatesChart rates={rates.data} />
	);
}
