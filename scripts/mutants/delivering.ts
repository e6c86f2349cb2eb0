/** Breaks of deliveries and their retries: each attempt counted once, in its time, and none forgotten. */
import type { Break } from "./break.ts";

export const DELIVERING: readonly Break[] = [
	{
		why: "a message that came again counts one attempt too many",
		file: "src/deliver.ts",
		from: "attempt: carried.attempt + attempts - 1,",
		to: "attempt: carried.attempt + attempts,",
	},
	{
		why: "a message that came again counts as the attempt that it carried",
		file: "src/deliver.ts",
		from: "attempt: carried.attempt + attempts - 1,",
		to: "attempt: carried.attempt,",
	},
	{
		why: "the next attempt has the number of the one that failed",
		file: "src/settle.ts",
		from: "attempt: attempt + 1,",
		to: "attempt,",
	},
	{
		why: "a delivery's age counts from its latest attempt",
		file: "src/settle.ts",
		from: "					firstFailure: error,\n					...same,",
		to: "					firstFailure: error,\n					...same,\n					firstAttemptAt: now,",
	},
	{
		why: "a message waits in its queue past 12 hours",
		file: "src/deliver.ts",
		from: "if (waited + next.wait > QUEUE_WAIT || message.attempts >= CHAIN_TRIES)",
		to: "if (message.attempts >= CHAIN_TRIES)",
	},
	{
		why: "a message is tried until the platform gives it up",
		file: "src/deliver.ts",
		from: "if (waited + next.wait > QUEUE_WAIT || message.attempts >= CHAIN_TRIES)",
		to: "if (waited + next.wait > QUEUE_WAIT)",
	},
	{
		why: "what the scheduler does not take waits in its message longer than a queue may",
		file: "src/deliver.ts",
		from: "const wait = Math.min(next.wait, QUEUE_WAIT - waited);",
		to: "const { wait } = next;",
	},
	{
		why: "what the scheduler does not take is acked",
		file: "src/deliver.ts",
		from: `			return { type: "retry", delaySeconds };
		}`,
		to: `			return delaySeconds > 0 ? ACK : ACK;
		}`,
	},
	{
		why: "a delivery whose body cannot be read now is buried",
		file: "src/deliver.ts",
		from: '() => "unreachable" as const,',
		to: "() => undefined as never,",
	},
	{
		why: "a delivery whose handler is unknown is buried at once",
		file: "src/retry.ts",
		from: "return pause(waited, DEPLOY_GRACE, DEPLOY_GRACE);",
		to: "return pause(waited, 0, DEPLOY_GRACE);",
	},
	{
		why: "a delivery whose handler is unknown waits for ever",
		file: "src/await.ts",
		from: "unknownFor: unknownFor + wait }",
		to: "unknownFor: wait }",
	},
	{
		why: "a delivery that ended has no letter",
		file: "src/settle.ts",
		from: "const ending = { handler, cause, error, attempts: attempt, ...since };",
		to: 'const ending = { handler: "nobody", cause, error, attempts: attempt, ...since };',
	},
	{
		why: "a delivery to a Worker that is down waits for ever",
		file: "src/await.ts",
		from: "unreachableFor: unreachableFor + wait }",
		to: "unreachableFor: wait }",
	},
	{
		why: "a crash of its Worker is taken for its absence",
		file: "src/deliver.ts",
		from: "!(await target.consumer.answers())",
		to: "target.consumer.key !== undefined",
	},
	{
		why: "the absence of a Worker uses up attempts",
		file: "src/deliver.ts",
		from: "!(await target.consumer.answers())",
		to: "target.consumer.key === undefined",
	},
	{
		why: "what a delivery waited before its Worker was there counts for its next wait",
		file: "src/deliver.ts",
		from: "		...tried,\n",
		to: "		...carried,\n",
	},
	{
		why: "a delivery that crashes its Worker is tried once less",
		file: "src/retry.ts",
		from: "mayBegin(policy, attempt + 1)",
		to: "mayBegin(policy, attempt + 2)",
	},
	{
		why: "a delivery that crashes its Worker is tried until the platform gives it up",
		file: "src/retry.ts",
		from: "mayBegin(policy, attempt + 1)",
		to: "mayBegin(policy, 1)",
	},
	{
		why: "an error of another Worker loses what it asks for",
		file: "src/contract/outcome.ts",
		from: "return Number.isFinite(retryAt)",
		to: "return Number.isNaN(retryAt)",
	},
	{
		why: "a retry is a new message, so that a duplicate of the old one is another chain for ever",
		file: "src/deliver.ts",
		from: '	return { type: "retry", delaySeconds: inSeconds(next.wait) };',
		to: '	return (await import("./carry.ts")).carry(event, next, ports).then(() => ACK);',
	},
	{
		why: "what the scheduler holds begins with the first attempt again",
		file: "src/carry.ts",
		from: `	const record = turnedInto(text, { delivery });
	const dueAt`,
		to: `	const record = turnedInto(text, { delivery: { ...delivery, attempt: 1 } });
	const dueAt`,
	},
	{
		why: "a retry that its queue has taken waits in the scheduler as well",
		file: "src/carry.ts",
		from: "if (next.wait > QUEUE_WAIT || !(await queued(event, next, ports)))",
		to: "if (next.wait > QUEUE_WAIT || (await queued(event, next, ports)))",
	},
	{
		why: "one retry more than the limit",
		file: "src/retry.ts",
		from: "attempt > policy.limit)",
		to: "attempt > policy.limit + 1)",
	},
	{
		why: "one retry fewer than the limit",
		file: "src/retry.ts",
		from: "attempt > policy.limit)",
		to: "attempt >= policy.limit)",
	},
	{
		why: "a delivery that crashes may be tried once less",
		file: "src/retry.ts",
		from: "policy.limit + 1 + CRASH_SLACK",
		to: "policy.limit + CRASH_SLACK",
	},
	{
		why: "a delivery that crashes may be tried ten times more",
		file: "src/retry.ts",
		from: "policy.limit + 1 + CRASH_SLACK",
		to: "policy.limit + 11 + CRASH_SLACK",
	},
	{
		why: "a delivery that crashes is tried for ever",
		file: "src/retry.ts",
		from: "return policy.limit === null || attempt <= policy.limit + 1 + CRASH_SLACK;",
		to: "return policy.limit === null || attempt <= Number.MAX_SAFE_INTEGER;",
	},
	{
		why: "a body that no longer parses is tried again",
		file: "src/retry.ts",
		from: '		case "unparsable":\n			return {\n				type: "dead",',
		to: '		case "unparsable":\n			return {\n				type: "retry", wait: 1_000,',
	},
	{
		why: "a retry may begin after maxAge",
		file: "src/retry.ts",
		from: "now + wait > firstAttemptAt + policy.maxAge",
		to: "now > firstAttemptAt + policy.maxAge",
	},
	{
		why: "a wait is cut to whole seconds",
		file: "src/carry.ts",
		from: "return Math.ceil(wait / 1_000);",
		to: "return Math.floor(wait / 1_000);",
	},
	{
		why: "a first retry waits in its queue past 12 hours",
		file: "src/carry.ts",
		from: "if (next.wait > QUEUE_WAIT || !(await queued(event, next, ports)))",
		to: "if (!(await queued(event, next, ports)))",
	},
	{
		why: "a first retry that the queue does not take is lost",
		file: "src/carry.ts",
		from: "if (next.wait > QUEUE_WAIT || !(await queued(event, next, ports)))",
		to: "await queued(event, next, ports);\n	if (next.wait > QUEUE_WAIT)",
	},
	{
		why: "a handler that never ends holds its message for ever",
		file: "src/attempt.ts",
		from: "Promise.race([time.runsOut(), ending])",
		to: "ending",
	},
	{
		why: "a large body is kept from now, not from the next attempt",
		file: "src/body.ts",
		from: "clock() + wait + PAYLOAD_KEPT",
		to: "clock() + PAYLOAD_KEPT",
	},
	{
		why: "a long wait is accepted though the body may be gone after it",
		file: "src/body.ts",
		from: "if (wait > QUEUE_WAIT) throw error;",
		to: "",
	},
	{
		why: "a workflow that cannot be reached has been started",
		file: "src/workflow.ts",
		from: "if (saysItExists(error) || (await exists(workflow, id))) return;\n			throw error;",
		to: "if (!saysItExists(error)) await exists(workflow, id);",
	},
	{
		why: "an instance that exists fails the delivery that comes again",
		file: "src/workflow.ts",
		from: "if (saysItExists(error) || (await exists(workflow, id))) return;",
		to: "",
	},
	{
		why: "each delivery starts an instance of its own",
		file: "src/workflow.ts",
		from: "await workflow.create({ id, params:",
		to: "await workflow.create({ params:",
	},
];
