/** The history of jobs, the latest first, with live progress. */
import type { Job } from "../../jobs/job.ts";
import { listJobs } from "../../jobs/jobs.ts";
import { numberText } from "../components/count.tsx";
import { jobText, Progress } from "../components/job-progress.tsx";
import { render } from "../components/layout.tsx";
import {
	Copyable,
	Empty,
	Fresh,
	ListTable,
	Pager,
} from "../components/list.tsx";
import { State } from "../components/state.tsx";
import { Time } from "../components/time.tsx";
import { SIZE } from "../list-page.tsx";
import { Live, snapshotOf, streamOf } from "../live.tsx";
import { KeyHint } from "../snippets.tsx";
import { type Page, useView } from "../view.ts";

const LIST = "/jobs";

export const jobsPage: Page = (app, { ports }) => {
	const read = (cursor: string) =>
		listJobs({ limit: SIZE, ...(cursor && { cursor }) }, ports);

	app.get(LIST, async (context) => {
		const { cursor = "" } = context.req.query();
		const { base, now } = context.var.view;
		const { data, at, version } = cursor
			? { data: await read(cursor), at: now, version: "" }
			: await snapshotOf("jobs", now, () => read(""));
		const rows = <Rows jobs={data.jobs} />;
		const content = (
			<>
				<div class="top">
					<h1>Jobs</h1>
					<Fresh at={at} />
				</div>
				{cursor ? (
					rows
				) : (
					<Live id="rows" stream={`${base}${LIST}/live`} version={version}>
						{rows}
					</Live>
				)}
				<Pager list={LIST} q="" here={cursor} next={data.cursor} />
			</>
		);
		return render(context, "Jobs", content);
	});

	app.get(`${LIST}/live`, (context) =>
		streamOf(
			context,
			"jobs",
			() => read(""),
			ports.clock,
			({ data }) => <Rows jobs={data.jobs} />,
		),
	);
};

function Rows({ jobs }: { jobs: readonly Job[] }) {
	return (
		<div class="card">
			{jobs.length === 0 ? <NoneYet /> : <JobTable jobs={jobs} />}
		</div>
	);
}

function JobTable({ jobs }: { jobs: readonly Job[] }) {
	return (
		<ListTable texts={["State", "Job", "Progress"]} numbers={["Started"]}>
			{jobs.map((job) => (
				<Row job={job} />
			))}
		</ListTable>
	);
}

function Row({ job }: { job: Job }) {
	const { base } = useView();
	const { id, q, state, count, done, failed, by, startedAt } = job;
	return (
		<tr id={`job-${id}`}>
			<td>
				<State state={state} />
			</td>
			<td class="wide">
				<a class="name" href={`${base}${LIST}/${id}`} data-row>
					{jobText(job)}
				</a>
				<span class="reason mono">{q || "all"}</span>
			</td>
			<td class="tagged">
				<Progress job={job} />
				<span class="below">
					{numberText(done)} of {numberText(count)}
					{failed > 0 && (
						<span class="wrong">, {numberText(failed)} not done</span>
					)}
				</span>
			</td>
			<td class="number">
				<Time at={startedAt} />
				<span class="below">by {by}</span>
			</td>
		</tr>
	);
}

function NoneYet() {
	const { api } = useView();
	const command = [
		`curl '${api}/v1/jobs'`,
		'-H "authorization: Bearer $TIDINGS_KEY"',
		"-H 'content-type: application/json'",
		`-d '{"action":"replay","q":"tag.customer:c42 since:2h"}'`,
	].join(" \\\n  ");
	return (
		<Empty title="No jobs yet">
			<p>
				A job acts on everything that matches a filter. Filter the dead letters
				or the scheduled events, and choose what to do with all of them. Or
				start one from your machine:
			</p>
			<Copyable text={command} />
			<KeyHint scope="admin" />
		</Empty>
	);
}
