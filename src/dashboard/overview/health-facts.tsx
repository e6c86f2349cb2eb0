/** Backlog, lag and what is stored, as figures, and what is wrong with what to do. */
import type { Health } from "../../health/health.ts";
import { numberText } from "../components/count.tsx";
import { durationText } from "../components/time.tsx";
import { NAV } from "../nav.ts";
import { useView } from "../view.ts";

/** A late queue is a problem only after days; a minute is worth a colour. In milliseconds. */
const LATE = 60_000;

export function HealthFacts({ health }: { health: Health }) {
	const { queues, scheduler, deadLetters, problems } = health;
	const all = Object.values(queues);
	const backlog = all.reduce((sum, { backlogCount }) => sum + backlogCount, 0);
	const lag = Math.max(0, ...all.map(({ lag }) => lag));
	return (
		<>
			{problems.length > 0 && (
				<ul class="notice bad problems">
					{problems.map(({ code, detail }) => (
						<li>
							<b>{code.replaceAll("_", " ")}</b>: {detail}
						</li>
					))}
				</ul>
			)}
			<dl class="gauges">
				<Gauge
					name="In the queues"
					value={backlog}
					note={lag > 0 ? `oldest waits ${durationText(lag)}` : "nothing waits"}
					isBad={lag > LATE}
				/>
				<Gauge
					name="Scheduled"
					to="/scheduled"
					value={scheduler?.scheduled}
					note={
						scheduler && scheduler.lag > 0
							? `overdue by ${durationText(scheduler.lag)}`
							: "none is overdue"
					}
					isBad={(scheduler?.lag ?? 0) > LATE}
				/>
				<Gauge
					name="Waiting to retry"
					to="/deliveries"
					value={scheduler?.waiting}
					note="waits over 10 minutes"
				/>
				<Gauge
					name="Dead letters"
					to="/dead-letters"
					value={deadLetters?.dead}
					note={
						deadLetters
							? `${numberText(deadLetters.replaying)} replaying, ${numberText(deadLetters.resolved)} resolved`
							: ""
					}
					isBad={(deadLetters?.dead ?? 0) > 0}
				/>
			</dl>
		</>
	);
}

/** Stores count up to this number. */
const MOST_COUNTED = 10_000;

function Gauge({
	name,
	value,
	note,
	to,
	isBad = false,
}: {
	name: string;
	/** Undefined if its store does not answer. */
	value: number | undefined;
	note: string;
	to?: string;
	isBad?: boolean;
}) {
	const { base } = useView();
	const isPage = NAV.some(({ path }) => path === to);
	const more = value !== undefined && value >= MOST_COUNTED ? "+" : "";
	return (
		<div class="card gauge">
			<dt>{isPage ? <a href={base + to}>{name}</a> : name}</dt>
			<dd class={isBad ? "value bad" : "value"}>
				{value === undefined ? "–" : numberText(value) + more}
			</dd>
			<dd class="note">{value === undefined ? "does not answer" : note}</dd>
		</div>
	);
}
