/** The facts of one dead letter: where and why it failed, and its earlier failures. */
import type { DeadLetter, PastFailure } from "../../event/dead-letter.ts";
import type { Cause } from "../../event/envelope.ts";
import { useView } from "../view.ts";
import { countText } from "./count.tsx";
import { ErrorDetails } from "./error-details.tsx";
import { Tags } from "./tags.tsx";
import { Time } from "./time.tsx";

const CAUSES: Readonly<Record<Cause, string>> = {
	exhausted: "the last retry that its policy allows has failed",
	expired: "the next retry would begin after the maxAge of its policy",
	non_retryable: "the handler threw a NonRetryableError",
	schema_violation: "the body does not match the schema of the handler",
	unknown_handler: "no deploy had this handler for an hour",
	unreachable: "its Worker did not answer for a day",
	newer_version: "no deploy could read an event of this version for an hour",
	unreadable: "the message is not an event",
	payload_missing: "the body was stored on its own, and is gone",
	crashed: "its Worker crashed in too many attempts",
	abandoned: "the queue has stopped redelivering its message",
};

export function DeadLetterFacts({ deadLetter }: { deadLetter: DeadLetter }) {
	const { base } = useView();
	const { event, handler, cause, attempts, replays, state, deploy } =
		deadLetter;
	return (
		<dl class="facts">
			<dt>Handler</dt>
			<dd class="mono">{handler || "none"}</dd>
			<dt>Cause</dt>
			<dd>
				<b>{cause.replaceAll("_", " ")}</b>: {CAUSES[cause]}
			</dd>
			<dt>Failed</dt>
			<dd>
				<Time at={deadLetter.lastFailureAt} exact /> after{" "}
				{countText(attempts, "attempt")}
				{attempts > 1 && (
					<>
						, first <Time at={deadLetter.firstFailureAt} exact />
					</>
				)}
			</dd>
			{replays > 0 && (
				<>
					<dt>Replays</dt>
					<dd>
						{replays}; {state} since <Time at={deadLetter.changedAt} exact />
					</dd>
				</>
			)}
			<dt>Event</dt>
			<dd>
				<a class="mono" href={`${base}/events/${event.id}`}>
					{event.id}
				</a>
				, published <Time at={event.time} exact />
			</dd>
			{event.tags && (
				<>
					<dt>Tags</dt>
					<dd>
						<Tags tags={event.tags} list="/dead-letters" />
					</dd>
				</>
			)}
			{deploy && (
				<>
					<dt>Deploy</dt>
					<dd class="mono">{deploy}</dd>
				</>
			)}
		</dl>
	);
}

/** The error of the last failure, and those before. */
export function Failures({ deadLetter }: { deadLetter: DeadLetter }) {
	const { error, history } = deadLetter;
	return (
		<>
			<div class="section">
				<h2>Error</h2>
				<div class="card inset">
					<ErrorDetails error={error} />
				</div>
			</div>
			{history.length > 0 && (
				<div class="section">
					<h2>Earlier failures</h2>
					<ol class="card inset past">
						{history.toReversed().map((past) => (
							<Past past={past} />
						))}
					</ol>
				</div>
			)}
		</>
	);
}

function Past({ past }: { past: PastFailure }) {
	const { at, attempts, replay, cause, error } = past;
	return (
		<li>
			<p class="attempt">
				<b>{replay === 0 ? "First delivery" : `Replay ${replay}`}</b>
				<span>
					{cause.replaceAll("_", " ")} after {countText(attempts, "attempt")}
				</span>
				<Time at={at} exact />
			</p>
			<p class="wrong">
				{error.name}: {error.message}
			</p>
		</li>
	);
}
