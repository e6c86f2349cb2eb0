/** Asks for confirmation before a job begins: what it does, to how many, and their number in writing. */
import { requireScope } from "../../entrypoints/http/keys.ts";
import { HttpError } from "../../entrypoints/http/problem.ts";
import { show } from "../../event/validation.ts";
import type { Action } from "../../jobs/job.ts";
import { startJob } from "../../jobs/jobs.ts";
import { parseFilter } from "../../lists/filter.ts";
import { countText, numberText } from "../components/count.tsx";
import { render } from "../components/layout.tsx";
import { AS_TYPED, action, Form } from "../form.tsx";
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
		...{ verb: "Replay", noun: "dead letter", list: "/dead-letters" },
		title: "Dead letters",
		effect:
			"Each runs again with its stored body, only in the handler that failed, from attempt 1.",
	},
	discard: {
		...{ verb: "Discard", noun: "dead letter", list: "/dead-letters" },
		title: "Dead letters",
		effect:
			"Their bodies are deleted. They cannot be replayed any more. This cannot be undone.",
	},
	cancel: {
		...{ verb: "Cancel", noun: "scheduled event", list: "/scheduled" },
		title: "Scheduled",
		effect: "They will not be delivered. This cannot be undone.",
	},
};

interface Asked {
	action: Offered;
	q: string;
	count: number;
}

export const newJobPage: Page = (app, { ports }) => {
	app.get("/jobs/new", async (context) => {
		const caller = callerIn(context);
		requireScope(caller, "admin");
		const { action = "", q = "" } = context.req.query();
		const asked = { action: offered(action), q: pinned(action, q, context) };
		const { count } = await startJob(
			...([{ ...asked, all: true, dryRun: true }, caller.id, ports] as const),
		);
		return confirmation(context, { ...asked, count });
	});

	action(app, "/jobs", "admin", async (context, form) => {
		const { id: by } = callerIn(context);
		const asked = {
			action: offered(form.get("action") ?? ""),
			q: form.get("q") ?? "",
			all: true,
		};
		const typed = (form.get("typed") ?? "").replace(/[\s.,'’]/g, "");
		const { count } = await startJob({ ...asked, dryRun: true }, by, ports);
		// Fewer may match by now. More than the person has seen must be seen first.
		const shown = Number(form.get("count"));
		if (typed !== String(shown) || count > shown) {
			const wrong =
				count > shown
					? `${numberText(count)} match by now. Nothing was done`
					: `You typed ${show(typed)}, and the number is ${numberText(shown)}. Nothing was done`;
			return confirmation(context, { ...asked, count }, wrong);
		}
		const { id = "" } = await startJob(asked, by, ports);
		return { to: `/jobs/${id}`, action: `${asked.action} all`, target: id };
	});
};

/** Dead letters that fail after the page was shown are not a part of what was confirmed. */
function pinned(action: string, q: string, { var: { view } }: PageContext) {
	// `until` is the due time of a scheduled event.
	if (action === "cancel") return q;
	const { until } = parseFilter(q, view.now);
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

function confirmation(context: PageContext, asked: Asked, wrong?: string) {
	const { verb, noun } = OFFERED[asked.action];
	return render(
		...([context, `${verb} all ${noun}s`] as const),
		<Confirmation asked={asked} wrong={wrong} />,
		wrong === undefined ? 200 : 422,
	);
}

function Confirmation({
	asked: { action, q, count },
	wrong,
}: {
	asked: Asked;
	wrong: string | undefined;
}) {
	const { base } = useView();
	const { verb, noun, list, title, effect } = OFFERED[action];
	const back = `${base}${list}?${new URLSearchParams({ q })}`;
	const many = countText(count, noun);
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
									{...{ id: "typed", name: "typed", inputmode: "numeric" }}
									{...AS_TYPED}
									required
									autofocus
									class="short"
									aria-invalid={wrong === undefined ? undefined : "true"}
									aria-describedby={wrong === undefined ? undefined : "wrong"}
								/>
								{wrong !== undefined && (
									<p class="wrong" id="wrong" role="alert">
										{wrong}
									</p>
								)}
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
