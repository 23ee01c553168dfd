/** Refuses a well-formed request; `field` names the part of it that is at fault. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly field: string
  readonly status: 400 | 422

  constructor(field: string, message: string, status: 400 | 422 = 422) {
    super(message)
    this.field = field
    this.status = status
  }
}
