r"""Evidence between two scans: who uses the model unlike honest accounts, as it is served.

**Null hypothesis of an account.** What the account does in an epoch, from the first answer to the
last, is drawn from the law that accounts of the reference were drawn from, one of each declared
owner, in an epoch of as many days. From it five statistics are computed after each answer, and of
each its largest value so far counts. That value never falls, and its last one is one draw of that
law: so the p-value that it has in the reference never rises, the bet on it never falls, and

    E[ sup over all answers of e ] = E[ e at the end ] <= 1:

whoever looks after every answer spends nothing. Habits that last are one observation, not one for
each day: nothing is multiplied over time.

**Null hypothesis of a pool.** Of a group whose common operation a scan has shown ("undeclared
pool"), the accounts use the model as accounts of the reference do, and behave together like at
least sqrt(n) independent users, as the scan assumes. Counted is what they do after the scan that
listed the group, never what it was formed on. Their bets are multiplied to the power sqrt(n) / n.

**Given the reference.** p-values are those of `phalanx.evidence.reference_tails`: with a
probability that is part of the error they hold given the one reference that is used for weeks.

**The error.** Of one rate a share is spent here, the rest by the scan. Two lists whose expected
false shares are at most a and b have together one of at most a + b, whatever they have in common.

Assumptions, which no number here can check: the reference is of honest accounts like those that are
watched; its epoch is like those that follow (a release that moves everybody makes everybody look
unlike it: `Watch` stops raising when many do); sessions of one person under two names are two
accounts. What is not promised: that a raised pool is one operator, which is the scan's finding at
the scan's rate.
"""
