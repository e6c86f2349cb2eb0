/** One job: its progress, what it could not act on, and how to stop it or to start it again. */
import { found } from "../../entrypoints/http/operation.ts";
import { show } from "../../event/validation.ts";
import type { Job, Remaining } from "../../jobs/job.ts";
import { action } from "../action.ts";
import { countText, numberText } from "../components/count.tsx";
import { Done } from "../components/done.tsx";
import {
	ItemLink,
	jobText,
	listOf,
	Progress,
} from "../components/job-progress.tsx";
import { render } from "../components/layout.tsx";
import { Fresh } from "../components/list.tsx";
import { State } from "../components/state.tsx";
import { durationText, Time } from "../components/time.tsx";
import { Form } from "../form.tsx";
import { Live, snapshotOf, streamOf } from "../live.tsx";
import { type Page, useView } from "../view.ts";
import { isOffered } from "./new-job.tsx";

export const jobPage: Page = (app, { ports }) => {
	const read = (id: string) => ports.jobs.get(id);

	app.get("/jobs/:id", async (context) => {
		const { id } = context.req.param();
		const { base, now } = context.var.view;
		const { data, at, version } = await snapshotOf(`job ${id}`, now, () =>
			read(id),
		);
		const job = found(data, `job ${show(id)}`);
		const content = (
			<>
				<div class="top crumbs">
					<span>
						<a href={`${base}/jobs`}>Jobs</a> /
					</span>
					<Fresh at={at} />
				</div>
				<Done />
				<Live id="job" stream={`${base}/jobs/${id}/live`} version={version}>
					<Content job={job} />
				</Live>
			</>
		);
		return render(context, `${jobText(job)} job`, content);
	});

	app.get("/jobs/:id/live", (context) => {
		const { id } = context.req.param();
		return streamOf(
			context,
			`job ${id}`,
			() => read(id),
			ports.clock,
			({ data }) => (data ? <Content job={data} /> : ""),
		);
	});

	action(app, "/jobs/:id/stop", "admin", async (context) => {
		const { id } = context.req.param() as { id: string };
		const to = `/jobs/${id}`;
		if (await ports.jobs.stop(id))
			return { to, action: "stop job", target: id };
		// It may have ended since its page was shown.
		found(await read(id), `job ${show(id)}`);
		const { base } = context.var.view;
		return context.redirect(`${base}${to}?done=job-ended`, 303);
	});
};

function Content({ job }: { job: Job }) {
	const { base, caller, now } = useView();
	const { id, q, state, count, atLeast, done, failed, left, by, errors } = job;
	const { startedAt, endedAt, counts, remaining } = job;
	const isAdmin = caller?.admin ?? false;
	return (
		<div class="section parts">
			<div class="section">
				<div class="top">
					<h1>{jobText(job)}</h1>
					<State state={state} />
				</div>
				<div class="card inset section">
					<Progress job={job} />
					<p class="figures">
						<span>
							<b>{numberText(done)}</b> done
						</span>
						<span class={failed > 0 ? "wrong" : undefined}>
							<b>{numberText(failed)}</b> not done
						</span>
						<span>
							{atLeast && left > 0 && "at least "}
							<b>{numberText(left)}</b>{" "}
							{state === "stopped" ? "not tried" : "left"}
						</span>
						<span class="muted">
							{atLeast && "at least "}
							{numberText(count)} matched at its start
						</span>
					</p>
				</div>
				<dl class="facts">
					<dt>Filter</dt>
					<dd>
						<a class="mono" href={base + listOf(job)}>
							{q || "all"}
						</a>
					</dd>
					<dt>Started</dt>
					<dd>
						<Time at={startedAt} exact /> by <b>{by}</b>
					</dd>
					<dt>{endedAt === null ? "Running for" : "Ended"}</dt>
					<dd>
						{endedAt === null ? (
							durationText(Math.max(0, now - startedAt))
						) : (
							<>
								<Time at={endedAt} exact />, after{" "}
								{durationText(endedAt - startedAt)}
							</>
						)}
					</dd>
					<Counts counts={counts} />
					{remaining && <Remains remaining={remaining} />}
				</dl>
			</div>
			{errors.length > 0 && <Errors errors={errors} failed={failed} />}
			{isAdmin && state === "running" && (
				<Form to={`/jobs/${id}/stop`} class="inline">
					<button type="submit">Stop</button>
					<span class="muted">
						after the batch that runs now. {countText(left, "item")} stay as
						they are.
					</span>
				</Form>
			)}
			{isAdmin && state !== "running" && isOffered(job.action) && (
				<p class="inline">
					<a
						class="button"
						href={`${base}/jobs/new?${new URLSearchParams({ action: job.action, q })}`}
					>
						{jobText(job)} what still matches…
					</a>
				</p>
			)}
		</div>
	);
}

const NOUNS: Readonly<Record<string, string>> = {
	scheduled: "scheduled events",
	deliveries: "waiting deliveries",
	deadLetters: "dead letters",
	entries: "entries of the journal",
	payloads: "large bodies",
	skipped: "skipped, because the journal shows the handler",
};

/** How many of what a job has erased, or skipped. */
function Counts({ counts }: Pick<Job, "counts">) {
	const known = Object.entries(counts);
	if (known.length === 0) return null;
	return (
		<>
			<dt>Of these</dt>
			<dd>
				{known
					.map(([what, n]) => `${numberText(n)} ${NOUNS[what] ?? what}`)
					.join(", ")}
			</dd>
		</>
	);
}

/** What an erasure cannot reach, and when it ends by itself. */
function Remains({ remaining }: { remaining: Remaining }) {
	const { queues, payloads, journal } = remaining;
	return (
		<>
			<dt>Remaining</dt>
			<dd>
				messages in the queues until <Time at={queues} />, large bodies until{" "}
				<Time at={payloads} />
				{journal !== undefined && (
					<>
						, unreadable pages of the journal until <Time at={journal} />
					</>
				)}
			</dd>
		</>
	);
}

function Errors({ errors, failed }: Pick<Job, "errors" | "failed">) {
	return (
		<div class="section">
			<h2>Not done</h2>
			<ol class="card inset past">
				{errors.map(({ id, reason }) => (
					<li>
						<p>
							<ItemLink id={id} />
						</p>
						<p class="wrong">{reason}</p>
					</li>
				))}
			</ol>
			{failed > errors.length && (
				<p class="muted">
					These are the first {errors.length} of {numberText(failed)}.
				</p>
			)}
		</div>
	);
}
