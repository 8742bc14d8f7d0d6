// What the phone page keeps and sends: the shapes, for the other modules' types.

/**
 * Where a hazard is, as the service takes it. Degrees in `crs`; accuracy in metres, null when unknown.
 * @typedef {object} Place
 * @property {number} lon
 * @property {number} lat
 * @property {"wgs84"} crs
 * @property {number | null} accuracy_m
 * @property {"gps" | "place" | "pin" | "grid" | "address"} method
 */

/**
 * Who is signed in on this phone, as GET /api/v1/phone tells; `seal` seals a file of waiting reports.
 * @typedef {object} Holder
 * @property {string} person
 * @property {string} name
 * @property {string} role
 * @property {{code: string, name: string, synthetic: boolean}} station
 * @property {number[]} box west, south, east, north of the station, degrees
 * @property {string} credit of the station's data
 * @property {number} [threshold_m] above this radius a position counts as rough; set by the station
 * @property {string} csrf
 * @property {string} seal
 */

/**
 * Whose ground a place is, by name.
 * @typedef {{grid: string, police_grid: string, neighbour: string}} Ground
 */

/** @typedef {import("../shared/http.js").FieldProblem} FieldProblem */

/**
 * A report on this phone. `id` is made here and never changes, so sending again is harmless.
 * `state`: draft (being written), unsent (waits to be sent), sent (its text is there; originals of photos may
 * still follow), kept (the station will look at it).
 * @typedef {object} Report
 * @property {string} id
 * @property {string} batch_id
 * @property {string} person
 * @property {"draft" | "unsent" | "sent" | "kept"} state
 * @property {string} class_code
 * @property {number} class_version
 * @property {string} class_title
 * @property {Record<string, any>} answers
 * @property {Place | null} place
 * @property {Ground | null} ground
 * @property {string} address
 * @property {string} note
 * @property {string} found_at
 * @property {string} changed_at
 * @property {FieldProblem[]} problems
 * @property {string} error
 * @property {boolean} fixable whether it may be changed before it is sent again
 * @property {boolean} signed_out whether it failed because the session is over
 * @property {Receipt | null} receipt
 * @property {any} [document] what is sent: the same each time, so that sending again is harmless
 * @property {string} [queued_at]
 * @property {number} [tries] failures so far
 * @property {number} [next_at] no try by itself before, milliseconds since 1970
 * @property {string} [error_code]
 * @property {boolean} [halted] sending again is of no use until a person looks at it
 * @property {boolean} [timed] whether the time of finding was compared with the service's clock
 * @property {number} [clock_ms] by how much the time of finding was set right
 */

/** @typedef {{case_number: string, grid: string, police_grid: string, received_at: string}} Receipt */

/**
 * A photo of a report. `ready` is false until it has been shrunk; `sha256` is empty until then.
 * @typedef {object} Photo
 * @property {string} id
 * @property {string} report_id
 * @property {string} name
 * @property {string} media_type
 * @property {Blob} blob
 * @property {string} sha256
 * @property {boolean} ready
 * @property {number} taken_at
 * @property {Taken | null} [taken] where the phone was at the shutter
 * @property {Blob | null} [preview] a small picture that goes ahead
 * @property {string} [preview_sha256]
 * @property {number} [sent_bytes] how much of the original the service has
 * @property {number} [tries]
 * @property {number} [next_at]
 * @property {string} [error_code]
 */

/** @typedef {{at: string, lon?: number, lat?: number, accuracy_m?: number}} Taken */

/**
 * Words or a photo for a case that the station has. Words carry their `id`, a photo is known by its bytes: sending
 * either again is harmless.
 * @typedef {object} Addition
 * @property {string} id
 * @property {string} person
 * @property {string} case_id
 * @property {string} note empty for a photo
 * @property {Blob | null} blob
 * @property {string} at
 * @property {number} [tries]
 * @property {number} [next_at]
 * @property {string} [error]
 * @property {string} [error_code]
 * @property {boolean} [halted] the service will not have it: a person has to look at it
 * @property {TaskResult} [task] what became of a task: then it is no matter of a case
 */

/**
 * The result of a task, told by its addition's words, photo and time.
 * @typedef {object} TaskResult
 * @property {string} id of the task
 * @property {string} title
 * @property {"done" | "failed"} outcome
 * @property {import("./position.js").Fix | null} place where the phone was (WGS 84)
 */

/**
 * One question of a hazard class.
 * @typedef {object} Question
 * @property {string} name
 * @property {"text" | "number" | "choice" | "yesno" | "date" | "photo"} kind
 * @property {string} title
 * @property {boolean} [required]
 * @property {number} [low]
 * @property {number} [high]
 * @property {{question: string, in: any[]} | null} [relevant]
 * @property {{value: string, title: string}[]} [choices]
 */

/**
 * A hazard class with its questions, as GET /api/v1/hazard-classes tells it.
 * @typedef {object} HazardClass
 * @property {string} code
 * @property {number} version
 * @property {string} title
 * @property {string} hint
 * @property {string} law
 * @property {string} icon
 * @property {Question[]} questions
 */

export {};
