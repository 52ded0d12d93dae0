/* The actions that stand beside action.c, whose table names them all. */
#ifndef ACTION_H
#define ACTION_H

#include "core.h"

typedef void deed(struct core *, struct unit *);

deed act_begin_stop, act_spend_grace, act_no_grace, act_await_turn, act_arm_grace, act_clip_turn, act_clip_grace,
    act_arm_backoff, act_arm_retry, act_disarm, act_arm_round, act_curtail, act_start_budget, act_cut_all,
    act_run_post_start,
    act_mark_up, act_run_pre_stop, act_halt_probes, act_end_errands, act_arm_first, act_arm_next, act_disarm_probe,
    act_attempt, act_time_out, act_abandon, act_forget_run, act_mark_started, act_mark_unstarted, act_mark_ready,
    act_mark_unready, act_tell_unhealthy;

#endif
