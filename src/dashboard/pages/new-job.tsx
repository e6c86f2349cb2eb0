/** Asks for confirmation before a job begins: what it does, to how many, and their number in writing. */
import { deadLetterFilter } from "../../dead-letters/dead-letter-filter.ts";
import { requireScope } from "../../entrypoints/http/keys.ts";
import { HttpError } from "../../entrypoints/http/problem.ts";
import { RefusedError } from "../../event/errors.ts";
import { show } from "../../event/validation.ts";
import type { Action } from "../../jobs/job.ts";
import { startJob } from "../../jobs/jobs.ts";
import { action } from "../action.ts";
import { countText, numberText } from "../components/count.tsx";
import { render } from "../components/layout.tsx";
import { AS_TYPED, type Draft, Form, Refusal } from "../form.tsx";
import { callerIn, type Page, type PageContext, useView } from "../view.ts";

/** The jobs that begin on a page. */
type Offered = Extract<Action, "replay" | "discard" | "cancel">;

const OFFERED: Readonly<
	Record<
		Offered,
		{ verb: string; noun: string; list: string; title: string; effect: string }
	>
> = {
	replay: {
		verb: "Replay",
		noun: "dead letter",
		list: "/dead-letters",
		title: "Dead letters",
		effect:
			"Each runs again with its stored body, only in the handler that failed, from attempt 1.",
	},
	discard: {
		verb: "Discard",
		noun: "dead letter",
		list: "/dead-letters",
		title: "Dead letters",
		effect:
			"Their bodies are deleted. They cannot be replayed any more. This cannot be undone.",
	},
	cancel: {
		verb: "Cancel",
		noun: "scheduled event",
		list: "/scheduled",
		title: "Scheduled",
		effect: "They will not be delivered. This cannot be undone.",
	},
};

interface Asked {
	action: Offered;
	q: string;
}

export const newJobPage: Page = (app, { ports }) => {
	app.get("/jobs/new", async (context) => {
		requireScope(callerIn(context), "admin");
		const { action = "", q = "" } = context.req.query();
		const asked = { action: offered(action), q: pinned(action, q, context) };
		return page(context, asked);
	});

	const page = async (
		context: PageContext,
		asked: Asked,
		draft?: Pick<Draft, "wrong" | "status">,
	) => {
		const request = { ...asked, all: true, dryRun: true };
		const counted = await startJob(request, callerIn(context).id, ports);
		const { verb, noun } = OFFERED[asked.action];
		return render(
			context,
			`${verb} all ${noun}s`,
			<Confirmation asked={asked} {...counted} wrong={draft?.wrong} />,
			draft?.status,
		);
	};

	const start = async (context: PageContext, fields: URLSearchParams) => {
		const { id: by } = callerIn(context);
		const asked = askedIn(fields);
		const typed = (fields.get("typed") ?? "").replace(/[\s.,'’]/g, "");
		const [shown = "0"] = /^\d+$/.exec(fields.get("count") ?? "") ?? [];
		if (typed !== shown)
			throw notConfirmed(
				`You typed ${show(typed)}, and the number is ${numberText(Number(shown))}`,
			);
		// Fewer may match by now. More than the person has seen must be seen first.
		const request = { ...asked, all: true, confirmed: Number(shown) };
		const { id = "" } = await startJob(request, by, ports);
		return { to: `/jobs/${id}`, action: `${asked.action} all`, target: id };
	};
	// The number stays empty: it is typed for what matches now.
	action(app, "/jobs", "admin", start, (context, draft) =>
		page(context, askedIn(draft.fields), draft),
	);
};

function askedIn(fields: URLSearchParams): Asked {
	return {
		action: offered(fields.get("action") ?? ""),
		q: fields.get("q") ?? "",
	};
}

function notConfirmed(why: string): RefusedError {
	return new RefusedError("invalid_request", `${why}. Nothing was done`);
}

/** Dead letters that fail after the page was shown are not a part of what was confirmed. */
function pinned(action: string, q: string, { var: { view } }: PageContext) {
	// `until` is the due time of a scheduled event.
	if (action === "cancel") return q;
	const { until } = deadLetterFilter(q, view.now);
	return until === undefined
		? `${q} until:${new Date(view.now).toISOString()}`.trim()
		: q;
}

/** Whether a job with this action begins on a page. */
export function isOffered(action: string): action is Offered {
	return Object.hasOwn(OFFERED, action);
}

function offered(action: string): Offered {
	if (isOffered(action)) return action;
	throw new HttpError(
		"invalid_request",
		`action: ${show(action)} is not one that begins on a page; use ${Object.keys(OFFERED).join(", ")}`,
	);
}

function Confirmation({
	asked: { action, q },
	count,
	atLeast = false,
	wrong,
}: {
	asked: Asked;
	count: number;
	atLeast?: boolean;
	wrong: Draft["wrong"] | undefined;
}) {
	const { base } = useView();
	const { verb, noun, list, title, effect } = OFFERED[action];
	const back = `${base}${list}?${new URLSearchParams({ q })}`;
	const many = `${atLeast ? "at least " : ""}${countText(count, noun)}`;
	return (
		<>
			<div class="top crumbs">
				<span>
					<a href={base + list}>{title}</a> /
				</span>
			</div>
			<div class="section narrow">
				<h1>{count === 0 ? "Nothing matches" : `${verb} ${many}?`}</h1>
				<dl class="facts">
					<dt>Filter</dt>
					<dd class="mono">{q || "all"}</dd>
					<dt>Matches</dt>
					<dd>
						<a href={back}>{many}</a>
					</dd>
				</dl>
				{count > 0 && (
					<>
						<p>
							{effect} A job does it batch by batch, shows its progress, and can
							be stopped.
						</p>
						<Form to="/jobs" class="edit">
							<input type="hidden" name="action" value={action} />
							<input type="hidden" name="q" value={q} />
							<input type="hidden" name="count" value={String(count)} />
							<div class="field">
								<label for="typed">
									Type <b>{numberText(count)}</b> to confirm
								</label>
								<input
									id="typed"
									name="typed"
									inputmode="numeric"
									{...AS_TYPED}
									required
									autofocus
									class="short"
									aria-invalid={wrong ? "true" : undefined}
									aria-describedby={wrong ? "wrong" : undefined}
								/>
								{wrong && <Refusal wrong={wrong} id="wrong" />}
							</div>
							<div class="inline">
								<button
									class={action === "replay" ? "main" : "danger"}
									type="submit"
								>
									{verb} {many}
								</button>
								<a class="button" href={back}>
									Back
								</a>
							</div>
						</Form>
					</>
				)}
			</div>
		</>
	);
}
