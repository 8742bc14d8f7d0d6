// The rules of a hazard class's questions, from the same declaration that the service checks by.

/** @typedef {import("./records.js").Question} Question */

export const TEXT_LIMIT = 500;
const LOW = 0;
const HIGH = 1_000_000;

/**
 * Whether a question is asked, given the other answers.
 * @param {Question} question
 * @param {Record<string, any>} answers
 */
export function asked(question, answers) {
  return !question.relevant || question.relevant.in.includes(answers[question.relevant.question]);
}

/**
 * What was typed as a number, in full-width digits too; null when it is none.
 * @param {string} text
 */
export function readNumber(text) {
  const plain = text.normalize("NFKC").replace("−", "-").trim();
  return /^-?\d{1,12}(\.\d{1,6})?$/.test(plain) ? Number(plain) : null;
}

/**
 * The answers to send: only questions that are asked and answered, typed as the service wants them.
 * @param {Question[]} questions
 * @param {Record<string, any>} answers
 */
export function answersToSend(questions, answers) {
  /** @type {Record<string, any>} */
  const sent = {};
  for (const question of questions) {
    const value = typed(question, answers[question.name]);
    if (question.kind !== "photo" && asked(question, answers) && !missing(value)) sent[question.name] = value;
  }
  return sent;
}

/**
 * Everything that is wrong with a set of answers.
 * @param {Question[]} questions
 * @param {Record<string, any>} answers
 * @param {number} photos
 * @returns {{name: string, code: string, params: Record<string, unknown>}[]}
 */
export function answerProblems(questions, answers, photos) {
  const problems = [];
  for (const question of questions) {
    if (!asked(question, answers)) continue;
    const code = problem(question, answers[question.name], photos);
    const params = { low: question.low ?? LOW, high: question.high ?? HIGH, limit: TEXT_LIMIT };
    if (code) problems.push({ name: question.name, code, params });
  }
  return problems;
}

/**
 * @param {Question} question
 * @param {any} answer
 * @param {number} photos
 */
function problem(question, answer, photos) {
  if (question.kind === "photo") return question.required && photos === 0 ? "photo_needed" : "";
  if (missing(answer)) return question.required ? "answer_required" : "";
  const value = typed(question, answer);
  switch (question.kind) {
    case "number":
      return value !== null && value >= (question.low ?? LOW) && value <= (question.high ?? HIGH) ? "" : "answer_number";
    case "choice":
      return (question.choices ?? []).some((choice) => choice.value === value) ? "" : "answer_required";
    case "yesno":
      return typeof value === "boolean" ? "" : "answer_required";
    case "date":
      return /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)) ? "" : "answer_date";
    default:
      return value.length <= TEXT_LIMIT ? "" : "answer_text";
  }
}

/**
 * @param {Question} question
 * @param {any} answer
 */
function typed(question, answer) {
  if (missing(answer)) return null;
  if (question.kind === "number") return readNumber(String(answer));
  return typeof answer === "string" ? answer.trim() : answer;
}

/** @param {any} answer */
function missing(answer) {
  return answer === undefined || answer === null || (typeof answer === "string" && answer.trim() === "");
}
