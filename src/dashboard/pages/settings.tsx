/**
 * The settings of the running Worker, and what the doctor finds in it. It shows no secrets, and keys only to `admin`.
 */
import type { Child } from "hono/jsx";
import type { Settings } from "../../config/settings.ts";
import { diagnose } from "../../doctor/diagnose.ts";
import type { Finding } from "../../doctor/finding.ts";
import { listKeys } from "../../entrypoints/http/keys.ts";
import { queueNames } from "../../platform/bindings.ts";
import { currentVersion, secret } from "../../platform/environment.ts";
import { render } from "../components/layout.tsx";
import { Copyable, Fresh } from "../components/list.tsx";
import { durationText, Time } from "../components/time.tsx";
import { callerIn, type Page } from "../view.ts";

const PATH = "/settings";

export const settingsPage: Page = (app, { ports, settings }) => {
	app.get(PATH, async (context) => {
		const { admin } = callerIn(context);
		const [findings, keys] = await Promise.all([
			diagnose(ports),
			admin ? secret("API_KEYS").then(listKeys) : undefined,
		]);
		const content = (
			<>
				<div class="top">
					<h1>Settings</h1>
					<Fresh at={context.var.view.now} />
				</div>
				<Findings findings={findings} />
				<Version />
				<Queues />
				<Configuration settings={settings} />
				<Keys keys={keys} />
			</>
		);
		return render(context, "Settings", content);
	});
};

function Section({ title, children }: { title: string; children?: Child }) {
	return (
		<section class="section" aria-label={title}>
			<h2>{title}</h2>
			<div class="card">{children}</div>
		</section>
	);
}

function Findings({ findings }: { findings: readonly Finding[] }) {
	return (
		<Section title="Doctor">
			{findings.length === 0 ? (
				<p class="none">
					This Worker finds nothing wrong with itself.{" "}
					<code>npx tidings doctor</code> also reads the wrangler configuration.
				</p>
			) : (
				findings.map(({ severity, problem, remedy }) => (
					<div class="finding">
						<span class={`state ${severity === "error" ? "bad" : "warn"}`}>
							{severity}
						</span>
						<p>{problem}</p>
						<Copyable text={remedy} />
					</div>
				))
			)}
		</Section>
	);
}

function Version() {
	const version = currentVersion();
	return (
		<Section title="Version">
			{version ? (
				<dl class="facts inset">
					<dt>Id</dt>
					<dd class="mono">{version.id}</dd>
					{version.tag && (
						<>
							<dt>Tag</dt>
							<dd>{version.tag}</dd>
						</>
					)}
					{!Number.isNaN(Date.parse(version.timestamp)) && (
						<>
							<dt>Created</dt>
							<dd>
								<Time at={Date.parse(version.timestamp)} />
							</dd>
						</>
					)}
				</dl>
			) : (
				<div class="finding">
					<p class="muted">
						The Worker does not know its version. With this binding, the charts
						show where a deploy began:
					</p>
					<Copyable
						text={'[version_metadata]\nbinding = "CF_VERSION_METADATA"'}
					/>
				</div>
			)}
		</Section>
	);
}

function Queues() {
	return (
		<Section title="Queues">
			<table class="measures">
				<thead>
					<tr>
						<th scope="col">Queue</th>
						<th scope="col">Label</th>
						<th scope="col">Binding</th>
						<th scope="col">Accepts</th>
					</tr>
				</thead>
				<tbody>
					{queueNames().map(({ name, label, binding, isDraining }) => (
						<tr>
							<td>
								<span class="name">{name}</span>
							</td>
							<td data-label="label">{label}</td>
							<td class="mono" data-label="binding">
								{binding}
							</td>
							<td data-label="accepts">
								{isDraining ? "what is left in it" : "new messages"}
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</Section>
	);
}

function Configuration({ settings }: { settings: Settings }) {
	const { retention, journal, shards, subscribers, url } = settings;
	const workers = Object.entries(subscribers).map(
		([key, { binding }]) => `${key} (${binding})`,
	);
	const rows: [name: string, value: string][] = [
		["Queues store a message for", durationText(retention.queues)],
		["Dead letters are stored for", durationText(retention.deadLetters)],
		...(journal
			? ([
					["Journal stores entries for", durationText(journal.retention)],
					["Journal records", `${journal.record} events`],
					[
						"Journal records bodies of",
						`${journal.bodies} events, up to ${journal.maxBytes} bytes`,
					],
				] as [string, string][])
			: ([["Journal", "turned off"]] as [string, string][])),
		[
			"Shards of the scheduler",
			shards.all > shards.now
				? `${shards.now}, and ${shards.all} are read`
				: `${shards.now}`,
		],
		["Workers with handlers", workers.join(", ") || "only this one"],
		["Public URL, for webhooks", url],
	];
	return (
		<Section title="tidings.config.ts">
			<dl class="facts inset">
				{rows.map(([name, value]) => (
					<>
						<dt>{name}</dt>
						<dd>{value}</dd>
					</>
				))}
			</dl>
		</Section>
	);
}

function Keys({ keys }: { keys: ReturnType<typeof listKeys> | undefined }) {
	return (
		<Section title="API keys">
			{keys === undefined && (
				<p class="none">
					Keys are shown to callers with the scope <code>admin</code>.
				</p>
			)}
			{keys?.length === 0 && (
				<div class="finding">
					<p class="muted">
						There are no keys, so every API request is answered with 401.
					</p>
					<Copyable text="npx tidings key oncall admin" />
				</div>
			)}
			{keys && keys.length > 0 && (
				<table class="measures">
					<thead>
						<tr>
							<th scope="col">Id</th>
							<th scope="col">Scopes</th>
						</tr>
					</thead>
					<tbody>
						{keys.map(({ id, scopes }) => (
							<tr>
								<td>
									<span class="name">{id}</span>
								</td>
								<td class="mono" data-label="scopes">
									{scopes.join(", ") || "none"}
								</td>
							</tr>
						))}
					</tbody>
				</table>
			)}
		</Section>
	);
}
