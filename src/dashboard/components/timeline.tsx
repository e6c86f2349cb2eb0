/** The timeline of an event: a lane for the queue and for each handler, with its attempts and their errors. */
import { deadLetterId } from "../../event/dead-letter.ts";
import type { EventLife } from "../../journal/life.ts";
import {
	type Attempt,
	type Bar,
	type Delivery,
	detailedIn,
	hasEnded,
	MOST_ATTEMPTS,
	timelineOf,
	worstOf,
} from "../timeline-layout.ts";
import { useView } from "../view.ts";
import { ErrorDetails } from "./error-details.tsx";
import { shortened } from "./list.tsx";
import { State, toneOf } from "./state.tsx";
import { durationText, Time, Until } from "./time.tsx";

/** The most attempts of each handler, by its id; absent without a limit. */
export type Limits = Readonly<Record<string, number>>;

export function Timeline({
	life,
	limits,
}: {
	life: EventLife;
	limits: Limits;
}) {
	const { now } = useView();
	if (life.state === "scheduled" || life.state === "ignored")
		return <NotDelivered state={life.state} />;
	const { from, until, queued, lanes } = timelineOf(life, now);
	const scale = { from, until };
	const shown = worstOf(lanes);
	const detailed = detailedIn(shown);
	return (
		<div class="section">
			<div class="top">
				<h2>Timeline</h2>
				<p class="legend">
					<span class="waiting">waiting</span>
					<span class="good">delivered</span>
					<span class="warn">failed</span>
					<span class="bad">dead</span>
				</p>
			</div>
			<div class="card timeline">
				<div class="lane">
					<h3>queue</h3>
					<Track bars={[queued]} scale={scale} label="in the queue" />
					<span class="number muted">
						{durationText(queued.until - queued.from)}
					</span>
				</div>
				{shown.map(({ delivery, bars }) => (
					<div class="lane">
						<h3>{delivery.handler}</h3>
						<Track
							bars={bars.slice(-2 * MOST_ATTEMPTS)}
							scale={scale}
							label={delivery.handler}
						/>
						<State state={delivery.state} />
						<Attempts
							event={life.id}
							delivery={delivery}
							limit={limits[delivery.handler]}
							detailed={detailed}
						/>
					</div>
				))}
				<div class="lane">
					<span></span>
					<p class="axis">
						<span>0</span>
						<span>{durationText((until - from) / 2)}</span>
						<span>{durationText(until - from)}</span>
					</p>
				</div>
			</div>
			{shown.length < lanes.length && (
				<p class="muted">
					{lanes.length - shown.length} more handlers are not shown: failures
					come first.
				</p>
			)}
		</div>
	);
}

function NotDelivered({ state }: { state: "scheduled" | "ignored" }) {
	return (
		<p class="muted">
			{state === "scheduled"
				? "The event is delivered when it is due."
				: "No handler matches the name of this event, so it was not delivered."}
		</p>
	);
}

/** Units of a track's width. */
const WIDTH = 1_000;
/** The narrowest bar that can be seen. */
const NARROWEST = 4;

function Track({
	bars,
	scale,
	label,
}: {
	bars: readonly Bar[];
	scale: { from: number; until: number };
	label: string;
}) {
	const perMs = WIDTH / (scale.until - scale.from);
	return (
		<svg
			class="track"
			role="img"
			preserveAspectRatio="none"
			viewBox={`0 0 ${WIDTH} 14`}
			aria-label={`${label}: ${bars.map(titleOf).join(", ")}`}
		>
			{bars.map((bar) => {
				const width = Math.max(NARROWEST, (bar.until - bar.from) * perMs);
				const x = Math.min(WIDTH - width, (bar.from - scale.from) * perMs);
				const isWaiting = bar.kind === "waiting";
				return (
					<rect
						class={isWaiting ? "waiting" : toneOf(bar.attempt?.state ?? "")}
						x={x.toFixed(1)}
						width={width.toFixed(1)}
						{...(isWaiting ? { y: 5, height: 4 } : { y: 0, height: 14 })}
					>
						<title>{titleOf(bar)}</title>
					</rect>
				);
			})}
		</svg>
	);
}

function titleOf({ kind, from, until, attempt }: Bar): string {
	const length = durationText(until - from);
	return kind === "waiting"
		? `waited ${length}`
		: `attempt ${attempt?.attempt ?? "?"} ${attempt?.state} after ${length}`;
}

function Attempts({
	event,
	delivery: { handler, attempts, state },
	limit,
	detailed,
}: {
	event: string;
	delivery: Delivery;
	limit: number | undefined;
	detailed: ReadonlySet<Attempt>;
}) {
	const { base, now } = useView();
	const deadLetter = encodeURIComponent(deadLetterId(event, handler));
	const next = attempts.at(-1)?.retryAt;
	const made = Math.max(0, ...attempts.map(({ attempt = 0 }) => attempt));
	return (
		<ol class="attempts">
			{attempts.length > MOST_ATTEMPTS && (
				<li class="muted">
					{attempts.length - MOST_ATTEMPTS} earlier attempts
				</li>
			)}
			{attempts.slice(-MOST_ATTEMPTS).map((attempt) => (
				<li>
					<p class="attempt">
						<b>{LABELS[attempt.state] ?? attemptLabel(attempt, limit)}</b>
						<span>{outcomeOf(attempt)}</span>
						<Time at={attempt.at} exact />
					</p>
					{attempt.error && (
						<ErrorDetails
							error={
								detailed.has(attempt) ? attempt.error : titleOnly(attempt.error)
							}
						/>
					)}
				</li>
			))}
			{!hasEnded(state) && next !== undefined && (
				<li class="attempt">
					<b>{attemptLabel({ attempt: made + 1 }, limit)}</b>
					<span>
						next <Until at={next} now={now} />
					</span>
				</li>
			)}
			{state === "dead" && (
				<li>
					<a href={`${base}/dead-letters/${deadLetter}`}>
						Open the dead letter
					</a>
				</li>
			)}
		</ol>
	);
}

function titleOnly({ name, message }: NonNullable<Attempt["error"]>) {
	return { name, message: shortened(message) };
}

function attemptLabel({ attempt }: Pick<Attempt, "attempt">, limit?: number) {
	if (attempt === undefined) return "No attempt";
	return `Attempt ${attempt}${limit === undefined || attempt > limit ? "" : ` of ${limit}`}`;
}

/** What is no attempt. */
const LABELS: Partial<Record<Attempt["state"], string>> = {
	replaying: "Replay",
	queued: "Queued",
	cancelled: "Cancelled",
	discarded: "Discarded",
};

function outcomeOf({ state, at, startedAt, cause, reason }: Attempt): string {
	const after =
		startedAt === undefined ? "" : ` after ${durationText(at - startedAt)}`;
	switch (state) {
		case "retrying":
			return `failed${after}`;
		case "dead":
			return `failed${after}, and became a dead letter: ${cause?.replaceAll("_", " ")}`;
		case "waiting":
			return `waited: ${reason}`;
		case "replaying":
			return "requested";
		case "queued":
			return "for another attempt";
		case "cancelled":
		case "discarded":
			return "";
		default:
			return `${state}${after}`;
	}
}
