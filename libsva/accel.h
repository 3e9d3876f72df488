/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * accel.h - struct sva_accel, and what the executor uses of it
 */
#ifndef SVA_ACCEL_PRIVATE_H
#define SVA_ACCEL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ring.h"
#include "sva-accel.h"

/**
 * struct sva_accel
 * @submit: guards @ring and the doorbell, whose tail must never go back
 * @doorbell: where pwrite() finds the doorbell region
 * @shared: an executor is open on it
 * @spin: there is a second CPU, on which a job can complete meanwhile
 * @wait: guards all below
 * @woken: the sleeper is back: look again
 * @sleeping: one thread sleeps on @eventfd, on behalf of all
 * @eventfd: signalled on completion; -1 until someone has to sleep
 * @hung_up: when the context's fd first said that it has ended; 0: not yet
 * @relay: of the executor, signalled when a sleeper has read @eventfd; -1: none
 */
struct sva_accel {
	struct sva_context *ctx;

	pthread_mutex_t submit;
	struct ring ring;
	off_t doorbell;

	atomic_bool shared;
	bool spin;
	pthread_mutex_t wait;
	pthread_cond_t woken;
	bool sleeping;
	int eventfd;
	int64_t hung_up;
	int relay;
};

/* 0 while the queue may complete jobs, else why it never will again */
int accel_end_error(struct sva_accel *accel);

/* Waits a moment for what no interrupt tells, longer the longer it took since @start */
void accel_nap(int64_t start, int64_t deadline);

/*
 * For an event loop beside the threads that sleep in sva_accel_wait(): @relay is
 * signalled when one of them takes an interrupt.  Returns the interrupt's eventfd,
 * which stays the accelerator's, or a negative errno.
 */
int accel_relay(struct sva_accel *accel, int relay);
void accel_relay_end(struct sva_accel *accel);

/* Takes the interrupt, unless a sleeper is about to; look at records afterwards. */
void accel_irq_take(struct sva_accel *accel);

/* The context's fd has hung up: accel_end_error() is patient with the device from now on. */
void accel_hung_up(struct sva_accel *accel);

#endif /* SVA_ACCEL_PRIVATE_H */
